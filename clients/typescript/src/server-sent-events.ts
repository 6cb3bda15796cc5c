/** Server-sent events as they are written on the wire (WHATWG HTML, "Server-sent events", 9.2.5 and 9.2.6). */

export interface ServerSentEvent {
  /** Of this one, or the latest before it that had one. */
  readonly id: string;
  readonly event: string;
  /** Undefined: nothing has happened, but from that id on. */
  readonly data: string | undefined;
}

/** Reads the events of a body. What is cut off in its middle is not an event. Comments are left out. */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let id = '';
  let event = '';
  let data: string[] = [];
  let told = id;
  for await (const line of lines(body)) {
    if (line === '') {
      if (data.length > 0) yield { id, event: event || 'message', data: data.join('\n') };
      else if (id !== told) yield { id, event: 'message', data: undefined };
      told = id;
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}

/** Lines end with LF, CRLF, or CR; a CR at the end of a piece may be the first half of a CRLF. */
async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const held = rest.endsWith('\r') ? '\r' : '';
      const parts = rest.slice(0, rest.length - held.length).split(/\r\n|\n|\r/);
      rest = (parts.pop() ?? '') + held;
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
