import type { HostEvent } from '../protocol.ts';

/** What one part of the API adds; `parts.ts` lists them. */
export interface ApiPart {
  /** New names on the global object. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** New members of the namespace of that name. */
  readonly members?: Readonly<Partial<Record<'VoxEngine' | 'Net', Readonly<Record<string, unknown>>>>>;
  /** By type of event. */
  readonly deliver?: { readonly [T in HostEvent['type']]?: (event: Extract<HostEvent, { type: T }>) => void };
  /** Values of `Modules` that `require` finds. */
  readonly modules?: readonly string[];
}
