/**
 * Who is heard in a recorder: the first source in the left channel, the second in the right one; with a third one the
 * right channel becomes the mix of all but the first, so that nobody is lost.
 */
import type { MediaMixer, MediaRecorder } from '../../media/engine.ts';
import { ConferenceRoom } from './conference-room.ts';
import type { MediaGraph } from './media-graph.ts';

/** Sources in the right channel. */
const MAX_MIXED = 50;

export class RecorderInputs {
  readonly #graph: MediaGraph;
  readonly #createMixer: () => MediaMixer;
  readonly #left: string;
  readonly #right: string;
  #room: ConferenceRoom | undefined;
  #stopListening: (() => void) | undefined;

  constructor(id: string, recorder: MediaRecorder, graph: MediaGraph, createMixer: () => MediaMixer) {
    this.#graph = graph;
    this.#createMixer = createMixer;
    this.#left = `recorder:${id}:left`;
    this.#right = `recorder:${id}:right`;
    graph.addSink(this.#left, recorder.left);
    graph.addSink(this.#right, recorder.right);
  }

  /** False when there is no room for it. A source that is heard already is not taken twice. */
  add(source: string): boolean {
    const graph = this.#graph;
    const [left, right] = [graph.sourceOf(this.#left), graph.sourceOf(this.#right)];
    if (left === source || right === source || this.#room?.seatOf(source) !== undefined) return true;
    if (left === undefined) graph.connect(source, this.#left);
    else if (right === undefined && this.#room === undefined) graph.connect(source, this.#right);
    else return this.#mix(source, right);
    return true;
  }

  remove(source: string): void {
    this.#graph.disconnect(source, this.#left);
    this.#graph.disconnect(source, this.#right);
    this.#room?.forget(source);
  }

  close(): void {
    this.#stopListening?.();
    this.#graph.remove(this.#left);
    this.#graph.remove(this.#right);
    this.#room?.close();
    this.#room = undefined;
  }

  #mix(source: string, second: string | undefined): boolean {
    let room = this.#room;
    if (room === undefined) {
      room = new ConferenceRoom(`${this.#right}:mix`, this.#createMixer(), this.#graph, MAX_MIXED);
      this.#room = room;
      this.#stopListening = this.#graph.onRemoved((key) => this.#room?.forget(key));
      this.#graph.connect(room.key, this.#right);
      if (second !== undefined) this.#seat(room, second);
    }
    return this.#seat(room, source);
  }

  #seat(room: ConferenceRoom, source: string): boolean {
    const seat = room.seatFor(source);
    if (seat !== undefined) this.#graph.connect(source, seat);
    return seat !== undefined;
  }
}
