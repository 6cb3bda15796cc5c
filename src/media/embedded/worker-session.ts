/**
 * The nodes of one scenario session in its worker, and the edges between them. It owns them: closing it closes all.
 */

import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { connect, disconnect, type Sink, type Source } from './graph.ts';
import { Leg } from './leg.ts';
import type { LegSockets } from './leg-sockets.ts';
import { PlayerNode } from './player-node.ts';
import type { Command, NodeEvent } from './protocol.ts';
import { RecorderNode } from './recorder-node.ts';
import { SampleBudget } from './sample-budget.ts';
import { SessionSounds } from './session-sounds.ts';
import type { WavLoader } from './wav-loader.ts';

export interface SessionHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly silenceSeconds: number;
  readonly files: WavLoader;
  readonly emit: (node: number, event: NodeEvent) => void;
  readonly warn: (message: string) => void;
  /** The leg is closed; its port is to be drained. */
  readonly release: (sockets: LegSockets) => void;
}

export class WorkerSession {
  readonly legs = new Map<number, Leg>();
  readonly players = new Map<number, PlayerNode>();
  readonly recorders = new Map<number, RecorderNode>();
  readonly sounds: SessionSounds;
  readonly #host: SessionHost;
  readonly #sources = new Map<number, Source>();
  readonly #sinks = new Map<number, Sink>();
  readonly #playerBudget = new SampleBudget();
  closed = false;

  constructor(host: SessionHost) {
    this.#host = host;
    this.sounds = new SessionSounds(this.#sources, this.#sinks, host);
  }

  /** A leg begins with its first pair of sockets; one of the other IP version may follow. */
  addLeg(node: number, sockets: LegSockets): void {
    const begun = this.legs.get(node);
    if (begun !== undefined) {
      begun.add(sockets);
      return;
    }
    const { clock, random, silenceSeconds, emit } = this.#host;
    const leg = new Leg(node, sockets, {
      clock,
      random,
      silenceSeconds,
      emit: (event) => emit(node, event),
    });
    this.legs.set(node, leg);
    this.#sources.set(node, leg.input);
    this.#sinks.set(node, leg.output);
  }

  closeLeg(node: number): void {
    const leg = this.legs.get(node);
    if (leg === undefined) return;
    this.legs.delete(node);
    this.#sources.delete(node);
    this.#sinks.delete(node);
    for (const sockets of leg.close()) this.#host.release(sockets);
  }

  /** A command that is not answered. Commands for nodes that are gone are late, not wrong. */
  apply(command: Command): void {
    switch (command.kind) {
      case 'configure-leg':
        this.legs.get(command.node)?.configure(command.plan);
        break;
      case 'send-digits':
        this.#sendDigits(command.node, command.digits);
        break;
      case 'detect-digits':
        this.legs.get(command.node)?.detectDigits(command.on);
        break;
      case 'create-player':
        this.#createPlayer(command);
        break;
      case 'control-player':
        this.#controlPlayer(command.node, command.action);
        break;
      case 'mark-player':
        this.players.get(command.node)?.mark(command.mark);
        break;
      case 'create-recorder':
        this.#createRecorder(command);
        break;
      case 'mute-recorder':
        this.recorders.get(command.node)?.mute(command.on);
        break;
      case 'close-recorder':
        this.recorders.get(command.node)?.close(this.#host.clock.monotonic());
        break;
      case 'connect':
      case 'disconnect':
      case 'tap':
        this.#edge(command.kind, command.source, command.sink);
        break;
      default:
        if (!('request' in command)) this.sounds.apply(command);
    }
  }

  /** Every 20 ms. */
  tick(now: number): void {
    for (const player of this.players.values()) player.tick(now);
    this.sounds.speak(now);
    for (const leg of this.legs.values()) leg.output.tick(now);
    this.sounds.listen(now);
    for (const recorder of this.recorders.values()) recorder.tick(now);
  }

  /** Every 100 ms. */
  slowTick(now: number): void {
    for (const leg of this.legs.values()) leg.slowTick(now);
  }

  /** Closes everything; resolves when the recordings are complete on disk. */
  async close(): Promise<void> {
    this.closed = true;
    const recorders = [...this.recorders.values()];
    // Recorders first: they still hold what is in the air.
    for (const recorder of recorders) recorder.close(this.#host.clock.monotonic());
    for (const player of [...this.players.values()]) player.close(undefined);
    this.sounds.close();
    for (const node of [...this.legs.keys()]) this.closeLeg(node);
    await Promise.all(recorders.map((recorder) => recorder.ended));
  }

  #sendDigits(node: number, digits: string): void {
    const leg = this.legs.get(node);
    if (leg !== undefined && !leg.output.sendDigits(digits))
      this.#host.warn('Digits were not sent: the peer did not offer telephone-event (RFC 4733).');
  }

  #createPlayer(command: Extract<Command, { kind: 'create-player' }>): void {
    const { node } = command;
    const emit = (event: NodeEvent): void => {
      if (event.name === 'player-finished') {
        this.players.delete(node);
        this.#sources.delete(node);
      }
      this.#host.emit(node, event);
    };
    const player = new PlayerNode(node, emit, this.#playerBudget);
    this.players.set(node, player);
    this.#sources.set(node, player.output);
    void player.load(command.input, command.loop, this.#host.files);
  }

  #controlPlayer(node: number, action: 'pause' | 'resume' | 'close'): void {
    const player = this.players.get(node);
    if (action === 'close') player?.close(undefined);
    else player?.[action]();
  }

  #createRecorder(command: Extract<Command, { kind: 'create-recorder' }>): void {
    const now = this.#host.clock.monotonic();
    const { node, left, right, path, channels } = command;
    const recorder = new RecorderNode({ node, left, right }, path, channels, now, (event) => {
      if (event.name !== 'recorder-started') this.recorders.delete(node);
      this.#host.emit(node, event);
    });
    this.recorders.set(node, recorder);
    this.#sinks.set(left, recorder.left);
    this.#sinks.set(right, recorder.right);
    void recorder.ended.then(() => {
      this.#sinks.delete(left);
      this.#sinks.delete(right);
    });
  }

  #edge(kind: 'connect' | 'disconnect' | 'tap', sourceNode: number, sinkNode: number): void {
    const sink = this.#sinks.get(sinkNode);
    const source = kind === 'tap' ? this.legs.get(sourceNode)?.output.heard : this.#sources.get(sourceNode);
    if (sink === undefined) return;
    if (kind === 'tap' && sink.kind === 'leg') {
      this.#host.warn('A leg cannot hear what another leg is sent; only recorders and listeners can.');
      return;
    }
    if (kind === 'disconnect') {
      if (source !== undefined) disconnect(source, sink);
      // The same call ends a tap.
      const tapped = this.legs.get(sourceNode)?.output.heard;
      if (tapped !== undefined) disconnect(tapped, sink);
    } else if (source !== undefined) connect(source, sink);
  }
}
