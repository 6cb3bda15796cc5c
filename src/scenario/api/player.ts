/** `Player`, and its makers: from a URL, from text, from a tone script. What it shares with `SequencePlayer` is base-player.ts. */
import { BasePlayer, type PlayerOptions, startPlayer } from './base-player.ts';
import { playerEventNames } from './enums.ts';
import { text } from './headers.ts';
import { isObject, saySource, urlSource } from './sounds.ts';

const KIND = { names: playerEventNames, prefix: 'Player', key: 'player' } as const;
const MAX_SCRIPT = 1024;

export class Player extends BasePlayer {
  constructor(id: string) {
    super(id, KIND);
  }
  /** Milliseconds from the beginning, or before the end when negative. */
  addMarker(offset: unknown): void {
    this.markAt(offset, undefined, 'Player.addMarker');
  }
}

const make = (id: string): Player => new Player(id);

/** Also in the older form `createURLPlayer(url, loop, onPause)`. */
export function createURLPlayer(request: unknown, parameters?: unknown, onPause?: unknown): Player {
  return startPlayer(make, urlSource(request), optionsOf(parameters, onPause));
}

/** Also in the older form `createTTSPlayer(text, language, ttsOptions, onPause)`. */
export function createTTSPlayer(
  words: unknown,
  parameters?: unknown,
  ttsOptions?: unknown,
  onPause?: unknown,
): Player {
  const options = optionsOf(isObject(parameters) ? parameters : false, onPause);
  // A voice has no parameters of a player.
  return startPlayer(make, saySource(words, parameters, ttsOptions), { ...options, loop: false });
}

/** Also in the older form `createToneScriptPlayer(script, loop)`. */
export function createToneScriptPlayer(script: unknown, parameters?: unknown): Player {
  const source = { kind: 'tone-script', script: text(script).slice(0, MAX_SCRIPT) } as const;
  return startPlayer(make, source, optionsOf(parameters, undefined));
}

/**
 * `progressivePlayback` changes nothing: whole sounds are fetched before they begin. `hideHeaders` and `hideBody` neither:
 * no log here holds them.
 */
function optionsOf(parameters: unknown, onPause: unknown): PlayerOptions {
  if (!isObject(parameters)) return { loop: parameters === true, paused: onPause === true };
  return { loop: parameters.loop === true, paused: parameters.onPause === true };
}
