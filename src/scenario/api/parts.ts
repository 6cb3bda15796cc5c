/** The parts of the API beyond calls, players, recorders, timers and HTTP: one line for each in `PARTS`. */
import type { HostEvent } from '../protocol.ts';

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

export const PARTS: readonly ApiPart[] = [];

const DELIVER = new Map<string, (event: HostEvent) => void>();
for (const part of PARTS)
  for (const [type, handler] of Object.entries(part.deliver ?? {}))
    DELIVER.set(type, handler as (event: HostEvent) => void);

/** False when no part knows the event. */
export function deliverToPart(event: HostEvent): boolean {
  const handler = DELIVER.get(event.type);
  handler?.(event);
  return handler !== undefined;
}
