/** `Endpoint`: one call in a conference, as its script sees it. */
import { text } from './headers.ts';
import { send, warn } from './host-link.ts';

export type Direction = 'SEND' | 'RECEIVE' | 'BOTH';

/** What the script holds and the events speak of, out of a script's reach. */
export interface EndpointState {
  readonly id: string;
  readonly conferenceId: string;
  readonly call: unknown;
  readonly mode: string;
  direction: Direction;
  displayName: string;
  /** `manageEndpoint` calls that wait for their event. */
  readonly waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[];
}

/** Those that are in a conference. */
export const endpointStates = new Map<string, EndpointState>();

export class Endpoint {
  readonly #state: EndpointState;

  constructor(state: EndpointState) {
    this.#state = state;
  }
  id(): string {
    return this.#state.id;
  }
  getDirection(): string {
    return this.#state.direction;
  }
  getMode(): string {
    return this.#state.mode;
  }
  getCall(): unknown {
    return this.#state.call;
  }
  setDisplayName(displayName: unknown): void {
    this.#state.displayName = text(displayName);
    const { conferenceId, id } = this.#state;
    if (endpointStates.has(id)) send({ type: 'conference-update', conferenceId, endpointId: id });
  }
  /**
   * What the endpoint receives: `{ all: { audio: [] } }` mutes the room for it, any list but an empty one lets it hear again.
   * Ours, not the cloud's: `direction` also says whether it is heard. Resolves when it holds; an endpoint that is not
   * there (any more) rejects.
   */
  manageEndpoint(parameters?: unknown): Promise<void> {
    const state = this.#state;
    return new Promise((resolve, reject) => {
      if (!endpointStates.has(state.id)) {
        reject(new Error('Endpoint.manageEndpoint: the endpoint is not in the conference'));
        return;
      }
      const options = objectOf(parameters);
      state.direction = directionOf(options.direction, state.direction);
      const deaf = hearsNothing(options);
      const speaks = state.direction !== 'RECEIVE';
      const direction = !deaf ? state.direction : speaks ? 'SEND' : 'NONE';
      state.waiting.push({ resolve, reject });
      send({ type: 'conference-manage', conferenceId: state.conferenceId, endpointId: state.id, direction });
    });
  }
}

export function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

export function directionOf(value: unknown, otherwise: Direction): Direction {
  if (value === 'SEND' || value === 'RECEIVE' || value === 'BOTH') return value;
  if (value !== undefined)
    warn(`A conference has the directions SEND, RECEIVE and BOTH, not ${text(value)}.`);
  return otherwise;
}

/** `ReceiveParameters`: by endpoint, or for all; there is one mix, so that it is all or nothing. */
export function hearsNothing({ all }: Record<string, unknown>): boolean {
  const { audio } = objectOf(all);
  return Array.isArray(audio) && audio.length === 0;
}
