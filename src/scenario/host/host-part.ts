import type { PartCommand } from '../parts/protocol.ts';

/** The host's side of one part of the API, opened when its first command comes. */
export interface HostPart {
  run(command: PartCommand): void;
  /** The session ends. Closes everything at once; what has still to be written is given to `holdEnd`. */
  close(): void;
}
