import { type Lines, type Wire, writeResponse } from './wire.ts';

/** A request of the server's that waits for its final response, or has had it. */
export class AgentServerTransaction {
  readonly request: Wire;
  readonly tag: string;
  /** A final response was sent. */
  final = 0;
  acked = false;
  /** §9.1: 64·T1 after its CANCEL its client has let the INVITE go, and has no ACK for what comes then. */
  givenUp = false;
  cancelled: (() => void) | undefined;
  /** False once the connection that it came by is gone (§17.2.4). */
  readonly reachable: () => boolean;
  readonly #send: (text: string) => void;
  readonly #keep: (transaction: AgentServerTransaction, text: string) => void;
  last: string | undefined;

  constructor(
    request: Wire,
    tag: string,
    reachable: () => boolean,
    send: (text: string) => void,
    keep: (transaction: AgentServerTransaction, text: string) => void,
  ) {
    this.request = request;
    this.tag = tag;
    this.reachable = reachable;
    this.#send = send;
    this.#keep = keep;
  }

  /** `tag`: that of another fork. A second final counts only as another fork's 2xx. */
  reply(status: number, lines: Lines = [], body = '', tag = this.tag): string {
    const text = writeResponse(this.request, status, tag, lines, body);
    if (status >= 200) this.final = status;
    this.last = text;
    this.#send(text);
    if (status >= 300 && this.request.method === 'INVITE') this.#keep(this, text);
    return text;
  }

  /** The same bytes again. */
  repeat(text: string): void {
    this.#send(text);
  }
}
