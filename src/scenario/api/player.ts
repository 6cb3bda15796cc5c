/** `Player`, and the two makers of it that there are: from a URL, and from text. */
import type { HostEvent, PlaySource } from '../protocol.ts';
import { uuid } from './deterministic.ts';
import { playerEventNames } from './enums.ts';
import { Listeners } from './events.ts';
import { text } from './headers.ts';
import { send, warn, world } from './host-link.ts';
import { speechOptions } from './language.ts';
import { connect, disconnect, registerUnit } from './media-unit.ts';

const players = new Map<string, Player>();

export class Player {
  readonly #id: string;
  readonly #listeners = new Listeners(playerEventNames);

  constructor(id: string) {
    this.#id = id;
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
    send({ type: 'player-pause', playerId: this.#id });
  }
  resume(): void {
    send({ type: 'player-resume', playerId: this.#id });
  }
  stop(): void {
    send({ type: 'player-stop', playerId: this.#id });
  }
  sendMediaTo(mediaUnit: unknown, _parameters?: unknown): void {
    connect(this, mediaUnit, 'Player.sendMediaTo');
  }
  stopMediaTo(mediaUnit: unknown): void {
    disconnect(this, mediaUnit, 'Player.stopMediaTo');
  }
  static deliver(player: Player, name: string, payload: object): void {
    player.#listeners.emit(name, { player, name, ...payload });
  }
}

const deliver = Player.deliver;
Reflect.deleteProperty(Player, 'deliver');

interface PlayerOptions {
  readonly loop?: unknown;
  readonly onPause?: unknown;
}

function create(source: PlaySource, parameters: unknown): Player {
  if (players.size >= world.limits.players)
    throw new Error(`Exceeded the player limit: a session has at most ${world.limits.players} players`);
  // The older form has the flag `onPause` alone, as a boolean.
  const options: PlayerOptions =
    typeof parameters === 'boolean' ? { onPause: parameters } : ((parameters ?? {}) as PlayerOptions);
  const id = uuid();
  const player = new Player(id);
  players.set(id, player);
  send({
    type: 'player-create',
    playerId: id,
    source,
    loop: options.loop === true,
    paused: options.onPause === true,
  });
  return player;
}

export function createURLPlayer(request: unknown, parameters?: unknown): Player {
  if (request !== null && typeof request === 'object') {
    const { url, method, headers, body } = request as Record<string, unknown>;
    if ((method !== undefined && method !== 'GET') || headers !== undefined || body !== undefined) {
      warn(
        'createURLPlayer: method, headers and body of the request are not available in Maskline yet; the URL is fetched with GET.',
      );
    }
    return create({ kind: 'url', url: text(url) }, parameters);
  }
  return create({ kind: 'url', url: text(request) }, parameters);
}

export function createTTSPlayer(words: unknown, parameters?: unknown): Player {
  const loose = typeof parameters === 'string' ? {} : parameters;
  return create({ kind: 'say', text: text(words), ...speechOptions(parameters) }, loose);
}

type PlayerEvent = Extract<HostEvent, { playerId: string }>;

export function deliverToPlayer(event: PlayerEvent): void {
  const player = players.get(event.playerId);
  if (player === undefined) return;
  if (event.type === 'player-started') {
    deliver(player, 'Player.PlaybackReady', {});
    deliver(player, 'Player.Started', { duration: event.durationSeconds });
    return;
  }
  players.delete(event.playerId);
  if (event.type === 'player-stopped') deliver(player, 'Player.Stopped', {});
  else if (event.error === undefined) deliver(player, 'Player.PlaybackFinished', {});
  else {
    deliver(player, 'Player.Error', { error: event.error });
    deliver(player, 'Player.PlaybackFinished', { error: event.error });
  }
}
