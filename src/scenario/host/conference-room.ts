/** One room of a session: who has a seat in it, and where the graph finds each. */
import type { MediaMixer, MediaParticipant } from '../../media/engine.ts';
import type { MediaGraph } from './media-graph.ts';

interface Seat {
  readonly participant: MediaParticipant;
  /** In the graph: what they say, and what they hear. */
  readonly key: string;
  /** Stays when nothing is connected. */
  endpoint: boolean;
}

export class ConferenceRoom {
  /** Of the mix in the graph. */
  readonly key: string;
  readonly #mixer: MediaMixer;
  readonly #graph: MediaGraph;
  readonly #max: number;
  /** By the key of the unit whose seat it is. */
  readonly #seats = new Map<string, Seat>();

  /** `max` seats at once. */
  constructor(key: string, mixer: MediaMixer, graph: MediaGraph, max: number) {
    this.key = key;
    this.#mixer = mixer;
    this.#graph = graph;
    this.#max = max;
    graph.addSource(key, mixer.mix);
  }

  /** The unit's seat in the graph, a new one if need be; undefined when the room is full. */
  seatFor(unit: string): string | undefined {
    return this.#seat(unit)?.key;
  }

  /** Where the unit sits; undefined when it has no seat. */
  seatOf(unit: string): string | undefined {
    return this.#seats.get(unit)?.key;
  }

  /** A seat that nobody uses any more is given up. */
  release(unit: string): void {
    const seat = this.#seats.get(unit);
    if (seat === undefined || seat.endpoint) return;
    const isUsed = this.#graph.sourceOf(seat.key) !== undefined || this.#graph.isHeard(seat.key);
    if (!isUsed) this.#remove(unit, seat);
  }

  /** An endpoint: keeps its seat, and may speak and hear as it says. False when the room is full. */
  settle(unit: string, what: { readonly speak: boolean; readonly hear: boolean }): boolean {
    const seat = this.#seat(unit);
    if (seat === undefined) return false;
    seat.endpoint = true;
    seat.participant.allow(what);
    return true;
  }

  /** The unit is gone. */
  forget(unit: string): void {
    const seat = this.#seats.get(unit);
    if (seat !== undefined) this.#remove(unit, seat);
  }

  close(): void {
    for (const [unit, seat] of this.#seats) this.#remove(unit, seat);
    this.#graph.remove(this.key);
    this.#mixer.close();
  }

  #seat(unit: string): Seat | undefined {
    const known = this.#seats.get(unit);
    if (known !== undefined || this.#seats.size >= this.#max) return known;
    const participant = this.#mixer.join();
    const seat = { participant, key: `${this.key}:${unit}`, endpoint: false };
    this.#seats.set(unit, seat);
    this.#graph.addSource(seat.key, participant);
    this.#graph.addSink(seat.key, participant);
    return seat;
  }

  #remove(unit: string, seat: Seat): void {
    this.#seats.delete(unit);
    this.#graph.remove(seat.key);
    seat.participant.close();
  }
}
