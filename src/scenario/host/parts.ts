/** The host's side of the parts of the API, one line for each in `PARTS`. A part is opened when its first command comes. */
import type { PartCommand } from '../parts/protocol.ts';
import { SessionQueues } from './acd.ts';
import { SessionDetectors } from './amd.ts';
import { SessionRecognisers } from './asr.ts';
import { SessionCallList } from './calllist.ts';
import { SessionConferences } from './conference.ts';
import type { HostPart } from './host-part.ts';
import { SessionMails } from './mail.ts';
import { SessionMasking } from './masking.ts';
import type { SessionContext } from './session-context.ts';
import { SessionStorage } from './storage.ts';
import { SessionWebSockets } from './websocket.ts';

export type { HostPart };

/** By what the types of its commands begin with. */
const PARTS: Readonly<Record<string, (context: SessionContext) => HostPart>> = {
  acd: (context) => new SessionQueues(context),
  amd: (context) => new SessionDetectors(context),
  asr: (context) => new SessionRecognisers(context),
  calllist: (context) => new SessionCallList(context),
  conference: (context) => new SessionConferences(context),
  mail: (context) => new SessionMails(context),
  masking: (context) => new SessionMasking(context),
  storage: (context) => new SessionStorage(context),
  websocket: (context) => new SessionWebSockets(context),
};

export class SessionParts {
  readonly #context: SessionContext;
  readonly #open = new Map<string, HostPart>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  run(command: PartCommand): void {
    const { type } = command as { readonly type: string };
    const name = type.slice(0, type.indexOf('-'));
    let part = this.#open.get(name);
    if (part === undefined) {
      const open = PARTS[name];
      if (open === undefined) throw new Error(`no part of the API carries out ${type}`);
      part = open(this.#context);
      this.#open.set(name, part);
    }
    part.run(command);
  }

  close(): void {
    for (const part of this.#open.values()) part.close();
    this.#open.clear();
  }
}
