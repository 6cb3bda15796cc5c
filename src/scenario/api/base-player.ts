/** What every player has: its events, pause, resume, stop, markers, and to whom it is sent. */
import type { HostEvent, PlaySource } from '../protocol.ts';
import { uuid } from './deterministic.ts';
import { type EventNames, Listeners } from './events.ts';
import { send, warn, world } from './host-link.ts';
import { connect, disconnect, endUnit, registerUnit } from './media-unit.ts';

/** How the events of one class of players are called. */
interface PlayerKind {
  readonly names: EventNames;
  readonly prefix: string;
  /** The field that holds the player in its events. */
  readonly key: string;
}

export interface PlayerOptions {
  readonly loop: boolean;
  readonly paused: boolean;
}

/** Those that count against the limit. */
const playing = new Map<string, BasePlayer>();
/** Stopped by the script; only `Stopped` is still to come. */
const stopping = new Map<string, BasePlayer>();

export class BasePlayer {
  readonly #id: string;
  readonly #kind: PlayerKind;
  readonly #listeners: Listeners;

  constructor(id: string, kind: PlayerKind) {
    this.#id = id;
    this.#kind = kind;
    this.#listeners = new Listeners(kind.names);
    registerUnit(this, { kind: 'player', id }, { receives: false });
  }
  id(): string {
    return this.#id;
  }
  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }
  pause(): void {
    if (playing.has(this.#id)) send({ type: 'player-pause', playerId: this.#id });
  }
  resume(): void {
    if (playing.has(this.#id)) send({ type: 'player-resume', playerId: this.#id });
  }
  /** Destroys the player: `Stopped` follows, and no `PlaybackFinished`. */
  stop(): void {
    if (!playing.delete(this.#id)) return;
    stopping.set(this.#id, this);
    endUnit(this);
    send({ type: 'player-stop', playerId: this.#id });
  }
  sendMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    connect(this, mediaUnit, `${this.#kind.prefix}.sendMediaTo`, parameters);
  }
  stopMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    disconnect(this, mediaUnit, `${this.#kind.prefix}.stopMediaTo`, parameters);
  }

  /** For the subclasses; their `addMarker` differ in what they take. */
  protected markAt(offset: unknown, segment: number | undefined, where: string): void {
    if (typeof offset !== 'number' || !(Math.abs(offset) <= MAX_OFFSET)) {
      warn(`${where}: ${String(offset)} is no number of milliseconds; there is no marker.`);
      return;
    }
    if (playing.has(this.#id)) send({ type: 'player-mark', playerId: this.#id, offset, segment });
  }

  static deliver(player: BasePlayer, event: string, payload: object): void {
    const name = `${player.#kind.prefix}.${event}`;
    player.#listeners.emit(name, { [player.#kind.key]: player, name, ...payload });
  }
}

/** A day: no sound is longer. */
const MAX_OFFSET = 86_400_000;

const deliver = BasePlayer.deliver;
// Scripts reach the class by `player.constructor`; the way in for events must not be there.
Reflect.deleteProperty(BasePlayer, 'deliver');

/** @throws Error when the session has as many players as it may. */
export function startPlayer<P extends BasePlayer>(
  make: (id: string) => P,
  source: PlaySource,
  { loop, paused }: PlayerOptions,
): P {
  const { players } = world.limits;
  if (playing.size >= players)
    throw new Error(`Exceeded the player limit: a session has at most ${players} players`);
  const playerId = uuid();
  const player = make(playerId);
  playing.set(playerId, player);
  send({ type: 'player-create', playerId, source, loop, paused });
  return player;
}

type PlayerEvent = Extract<HostEvent, { playerId: string }>;

export function deliverToPlayer(event: PlayerEvent): void {
  const player = playing.get(event.playerId) ?? stopping.get(event.playerId);
  if (player === undefined) return;
  switch (event.type) {
    case 'player-created':
      deliver(player, 'Created', {});
      return;
    case 'player-ready':
      deliver(player, 'PlaybackReady', {});
      return;
    case 'player-started':
      deliver(player, 'Started', { duration: event.durationSeconds });
      return;
    case 'player-marker':
      deliver(player, 'PlaybackMarkerReached', { offset: event.offset });
      return;
    case 'player-stopped':
      stopping.delete(event.playerId);
      deliver(player, 'Stopped', {});
      return;
    case 'player-finished':
      playing.delete(event.playerId);
      // It had come to its end when it was stopped.
      if (stopping.delete(event.playerId)) return;
      endUnit(player);
      finish(player, event.error);
  }
}

function finish(player: BasePlayer, error: string | undefined): void {
  if (error === undefined) {
    deliver(player, 'PlaybackFinished', {});
    return;
  }
  deliver(player, 'Error', { error });
  deliver(player, 'PlaybackFinished', { error });
}
