/** What plays: players that a script made, and the playback of a call (`say`, `startPlayback`, progress tone). */
import type { MediaPlayer, PlayerInput, PlayerMark } from '../../media/engine.ts';
import type { PlaySource } from '../protocol.ts';
import { playInput } from './play-input.ts';
import { messageOf, type SessionCall, type SessionContext } from './session-context.ts';

interface Playing {
  player: MediaPlayer | undefined;
  paused: boolean;
  /** All that the script ever set on it. */
  readonly marks: PlayerMark[];
  /** Stopped by the script, or replaced: what the engine still says is nobody's business. */
  over: boolean;
}

export class SessionPlayers {
  readonly #context: SessionContext;
  readonly #playing = new Map<string, Playing>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  create(
    playerId: string,
    source: PlaySource,
    options: { readonly loop: boolean; readonly paused: boolean },
  ): void {
    const { graph, post, services, log } = this.#context;
    if (this.#playing.has(playerId) || this.#playing.size >= services.limits.players) {
      log('warn', `A player was not made: a session has at most ${services.limits.players}.`);
      return;
    }
    const key = `player:${playerId}`;
    const playing: Playing = { player: undefined, paused: options.paused, marks: [], over: false };
    this.#playing.set(playerId, playing);
    post({ type: 'player-created', playerId });
    play(this.#context, source, options.loop, playing, {
      made: (player) => {
        graph.addSource(key, player);
        player.events.on('marker', ({ offsetMs }) => {
          if (!playing.over) post({ type: 'player-marker', playerId, offset: offsetMs });
        });
      },
      ready: () => post({ type: 'player-ready', playerId }),
      started: (durationSeconds) => post({ type: 'player-started', playerId, durationSeconds }),
      finished: (error) => {
        this.#playing.delete(playerId);
        graph.remove(key);
        post({ type: 'player-finished', playerId, ...(error === undefined ? {} : { error }) });
      },
    });
  }

  pause(playerId: string): void {
    const playing = this.#playing.get(playerId);
    if (playing === undefined) return;
    playing.paused = true;
    playing.player?.pause();
  }

  resume(playerId: string): void {
    const playing = this.#playing.get(playerId);
    if (playing === undefined) return;
    playing.paused = false;
    playing.player?.resume();
  }

  mark(playerId: string, offsetMs: number, part: number | undefined): void {
    const playing = this.#playing.get(playerId);
    if (playing === undefined) return;
    const { log, services } = this.#context;
    const { markers } = services.limits;
    if (playing.marks.length >= markers) {
      log('warn', `A marker was not set: a player has at most ${markers}.`);
      return;
    }
    playing.marks.push({ offsetMs, part });
    playing.player?.mark({ offsetMs, part });
  }

  stop(playerId: string): void {
    const playing = this.#playing.get(playerId);
    if (playing === undefined) return;
    this.#playing.delete(playerId);
    end(playing);
    this.#context.graph.remove(`player:${playerId}`);
    this.#context.post({ type: 'player-stopped', playerId });
  }

  close(): void {
    for (const playing of this.#playing.values()) end(playing);
    this.#playing.clear();
  }
}

let nextPlayback = 1;

/**
 * Plays into a call as soon as it has media. Whatever played before is replaced without an event, as after
 * `stopPlayback`; a fault always leads to `PlaybackFinished` with an error, so that no script waits for ever.
 */
export function playIntoCall(
  context: SessionContext,
  owned: SessionCall,
  source: PlaySource,
  loop: boolean,
): void {
  owned.playback?.stop();
  const { graph, post } = context;
  const { id: callId, call } = owned;
  const key = `playback:${nextPlayback++}`;
  const playing: Playing = { player: undefined, paused: false, marks: [], over: false };
  const stop = (): void => {
    end(playing);
    graph.remove(key);
    if (owned.playback === playback) owned.playback = undefined;
  };
  const playback = { stop };
  owned.playback = playback;
  graph.connect(key, `call:${callId}`);
  const finished = (error: string | undefined): void => {
    stop();
    post({ type: 'playback-finished', callId, ...(error === undefined ? {} : { error }) });
  };
  const begin = (): void => {
    if (playing.over || call.state === 'TERMINATED') return;
    play(context, source, loop, playing, {
      made: (player) => graph.addSource(key, player),
      ready: () => post({ type: 'playback-ready', callId }),
      started: (durationSeconds) => post({ type: 'playback-started', callId, durationSeconds }),
      finished,
    });
  };
  if (call.leg !== undefined) begin();
  else
    call.whenMedia().then(begin, (error: unknown) => {
      if (!playing.over && call.state !== 'TERMINATED') finished(messageOf(error));
    });
}

interface Listener {
  readonly made: (player: MediaPlayer) => void;
  readonly ready: () => void;
  readonly started: (durationSeconds: number) => void;
  readonly finished: (error: string | undefined) => void;
}

function play(
  context: SessionContext,
  source: PlaySource,
  loop: boolean,
  playing: Playing,
  listener: Listener,
): void {
  const begin = (input: PlayerInput): void => {
    if (playing.over || context.signal.aborted) return;
    const player = context.media.createPlayer(input, { loop });
    playing.player = player;
    if (playing.paused) player.pause();
    for (const mark of playing.marks) player.mark(mark);
    watch(player, playing, listener);
    listener.made(player);
  };
  const fault = (error: unknown): void => {
    if (playing.over) return;
    playing.over = true;
    listener.finished(messageOf(error));
  };
  // What has to be fetched from nowhere begins in the same turn.
  if (source.kind === 'progress-tone') {
    begin({ kind: 'progress-tone', tone: 'ringback', country: source.country });
    return;
  }
  playInput(context, source).then(begin).catch(fault);
}

function watch(player: MediaPlayer, playing: Playing, listener: Listener): void {
  let told = false;
  const ready = (): void => {
    if (playing.over || told) return;
    told = true;
    listener.ready();
  };
  player.events.on('ready', ready);
  player.events.on('started', ({ durationMs }) => {
    ready();
    if (!playing.over) listener.started((durationMs ?? 0) / 1000);
  });
  player.events.on('finished', ({ error }) => {
    if (playing.over) return;
    playing.over = true;
    listener.finished(error);
  });
}

function end(playing: Playing): void {
  playing.over = true;
  playing.player?.close();
}
