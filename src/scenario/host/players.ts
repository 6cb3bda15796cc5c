/** What plays: players that a script made, and the playback of a call (`say`, `startPlayback`, progress tone). */
import type { MediaPlayer, PlayerInput } from '../../media/engine.ts';
import type { PlaySource } from '../protocol.ts';
import { messageOf, type SessionCall, type SessionContext } from './session-context.ts';

interface Playing {
  player: MediaPlayer | undefined;
  paused: boolean;
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
    const playing: Playing = { player: undefined, paused: options.paused, over: false };
    this.#playing.set(playerId, playing);
    play(this.#context, source, options.loop, playing, {
      ready: (player) => graph.addSource(key, player),
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
  const playing: Playing = { player: undefined, paused: false, over: false };
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
      ready: (player) => graph.addSource(key, player),
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
  readonly ready: (player: MediaPlayer) => void;
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
    player.events.on('started', ({ durationMs }) => {
      if (!playing.over) listener.started((durationMs ?? 0) / 1000);
    });
    player.events.on('finished', ({ error }) => {
      if (playing.over) return;
      playing.over = true;
      listener.finished(error);
    });
    listener.ready(player);
  };
  const fault = (error: unknown): void => {
    if (playing.over) return;
    playing.over = true;
    listener.finished(messageOf(error));
  };
  const at = source.kind === 'progress-tone' ? source : undefined;
  if (at !== undefined) {
    begin({ kind: 'progress-tone', tone: 'ringback', country: at.country });
    return;
  }
  prepare(context, source).then(begin).catch(fault);
}

async function prepare(context: SessionContext, source: PlaySource): Promise<PlayerInput> {
  const { services, signal } = context;
  switch (source.kind) {
    case 'url':
      return { kind: 'file', path: await services.playbacks.fetch(source.url, signal) };
    case 'say': {
      const { text, language, voice } = source;
      return { kind: 'samples', samples: await services.speech.say(text, { language, voice }) };
    }
    case 'progress-tone':
      return { kind: 'progress-tone', tone: 'ringback', country: source.country };
  }
}

function end(playing: Playing): void {
  playing.over = true;
  playing.player?.close();
}
