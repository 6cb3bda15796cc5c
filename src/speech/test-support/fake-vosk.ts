import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** Vosk's server as far as its protocol goes: what it "recognises" the test says. */
export class FakeVosk {
  readonly configs: unknown[] = [];
  /** Bytes of sound so far. */
  heard = 0;
  /** What the n-th message of sound is answered with; undefined: not at all. */
  reply: (index: number) => string | undefined = () => '{"partial" : ""}';
  final = '{"text" : ""}';
  readonly #server: WebSocketServer;
  #index = 0;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(): Promise<FakeVosk> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise<void>((resolve) => server.once('listening', resolve));
    return new FakeVosk(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#server.clients.size;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: WebSocket): void {
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '' : String(data);
      if (text.includes('config')) this.configs.push(JSON.parse(text));
      else if (text === '{"eof" : 1}') {
        socket.send(this.final);
        socket.close();
      } else {
        this.heard += (data as Buffer).length;
        const answer = this.reply(this.#index++);
        if (answer !== undefined) socket.send(answer);
      }
    });
  }
}
