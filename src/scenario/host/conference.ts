/**
 * Conferences of a session. Each is a room; whoever is connected with it has one seat, whatever the order in which the
 * two directions were connected, so that nobody hears themselves.
 */
import type { ConferenceCommand, ConferenceDirection } from '../parts/conference-protocol.ts';
import type { MediaRef } from '../protocol.ts';
import { joinConference } from './conference-call.ts';
import { ConferenceRoom } from './conference-room.ts';
import type { HostPart } from './host-part.ts';
import { keyOf } from './media-commands.ts';
import type { EdgeOwner, SessionContext } from './session-context.ts';

/** Codes of `ConferenceError`; the cloud documents only 102, which the API part uses for what is video. */
const NO_CALL = 404;
const FULL = 486;

interface Conference {
  readonly room: ConferenceRoom;
  readonly startedAt: number;
  /** Key of the call, by endpoint. */
  readonly endpoints: Map<string, string>;
}

type Endpoint = Extract<ConferenceCommand, { endpointId: string }>;

export class SessionConferences implements HostPart, EdgeOwner {
  readonly #context: SessionContext;
  readonly #running = new Map<string, Conference>();
  readonly #unwatch: () => void;

  constructor(context: SessionContext) {
    this.#context = context;
    context.edgeOwners.set('conference', this);
    this.#unwatch = context.graph.onRemoved((unit) => this.#onGone(unit));
  }

  run(command: ConferenceCommand): void {
    switch (command.type) {
      case 'conference-create':
        this.#create(command.conferenceId);
        return;
      case 'conference-stop':
        this.#stop(command.conferenceId);
        return;
      case 'conference-call':
        joinConference(this.#context, command);
        return;
      default:
        this.#ofEndpoint(command);
    }
  }

  connect(from: MediaRef, to: MediaRef): void {
    const [source, sink] = [this.#place(from, to), this.#place(to, from)];
    if (source !== undefined && sink !== undefined) this.#context.graph.connect(source, sink);
  }

  disconnect(from: MediaRef, to: MediaRef): void {
    const { graph } = this.#context;
    const [source, sink] = [this.#placeNow(from, to), this.#placeNow(to, from)];
    if (source !== undefined && sink !== undefined) graph.disconnect(source, sink);
    this.#roomOf(from)?.release(this.#unit(to));
    this.#roomOf(to)?.release(this.#unit(from));
  }

  close(): void {
    this.#unwatch();
    for (const { room } of this.#running.values()) room.close();
    this.#running.clear();
  }

  #create(conferenceId: string): void {
    const { media, graph, services, post } = this.#context;
    const { limits, clock } = services;
    if (this.#running.has(conferenceId)) return;
    if (this.#running.size >= limits.conferences) {
      const error = `A session has at most ${limits.conferences} conferences.`;
      post({ type: 'conference-error', conferenceId, code: FULL, error, endpointId: undefined });
      return;
    }
    const key = keyOf({ kind: 'conference', id: conferenceId });
    const room = new ConferenceRoom(key, media.createMixer(), graph, limits.conferenceSeats);
    this.#running.set(conferenceId, { room, startedAt: clock.monotonic(), endpoints: new Map() });
    post({ type: 'conference-started', conferenceId });
  }

  #stop(conferenceId: string): void {
    const conference = this.#running.get(conferenceId);
    if (conference === undefined) return;
    const { services, post } = this.#context;
    this.#running.delete(conferenceId);
    for (const endpointId of conference.endpoints.keys())
      post({ type: 'conference-endpoint', conferenceId, what: 'removed', endpointId });
    conference.room.close();
    const durationSeconds = Math.round((services.clock.monotonic() - conference.startedAt) / 1000);
    post({ type: 'conference-stopped', conferenceId, durationSeconds });
  }

  #ofEndpoint(command: Endpoint): void {
    const { post } = this.#context;
    const { conferenceId, endpointId } = command;
    const conference = this.#running.get(conferenceId);
    if (command.type === 'conference-add') {
      const error = this.#add(conference, command);
      if (error === undefined) post({ type: 'conference-endpoint', conferenceId, what: 'added', endpointId });
      else post({ type: 'conference-error', conferenceId, endpointId, ...error });
      return;
    }
    const call = conference?.endpoints.get(endpointId);
    if (conference === undefined || call === undefined) {
      const error = 'The endpoint is not in the conference.';
      post({ type: 'conference-error', conferenceId, code: NO_CALL, error, endpointId });
      return;
    }
    if (command.type === 'conference-manage') conference.room.settle(call, allowed(command.direction));
    const what = command.type === 'conference-manage' ? 'managed' : 'updated';
    post({ type: 'conference-endpoint', conferenceId, what, endpointId });
  }

  #add(
    conference: Conference | undefined,
    { conferenceId, endpointId, callId, direction }: Extract<Endpoint, { type: 'conference-add' }>,
  ): { readonly code: number; readonly error: string } | undefined {
    if (conference === undefined) return { code: NO_CALL, error: 'The conference has stopped.' };
    const owned = this.#context.calls.get(callId);
    if (owned === undefined || owned.call.state === 'TERMINATED')
      return { code: NO_CALL, error: 'The call has ended.' };
    const call: MediaRef = { kind: 'call', id: callId };
    const unit = keyOf(call);
    if (conference.endpoints.has(endpointId) || [...conference.endpoints.values()].includes(unit))
      return { code: FULL, error: 'The call is an endpoint of the conference already.' };
    if (!conference.room.settle(unit, allowed(direction)))
      return { code: FULL, error: 'The conference is full.' };
    conference.endpoints.set(endpointId, unit);
    const room: MediaRef = { kind: 'conference', id: conferenceId };
    this.connect(call, room);
    this.connect(room, call);
    return undefined;
  }

  /** A unit of the session is gone: its call has ended, its player is through. */
  #onGone(unit: string): void {
    for (const [conferenceId, { room, endpoints }] of this.#running) {
      const whole = this.#context.graph.unitOf(unit);
      if (whole === unit) room.forget(unit);
      else room.release(whole);
      for (const [endpointId, call] of endpoints) {
        if (call !== unit) continue;
        endpoints.delete(endpointId);
        this.#context.post({ type: 'conference-endpoint', conferenceId, what: 'removed', endpointId });
      }
    }
  }

  #roomOf(ref: MediaRef): ConferenceRoom | undefined {
    return ref.kind === 'conference' ? this.#running.get(ref.id)?.room : undefined;
  }

  /** Whose seat it is. */
  #unit(ref: MediaRef): string {
    return this.#context.graph.unitOf(keyOf(ref));
  }

  /** A conference is met at the seat of the other end. */
  #place(ref: MediaRef, other: MediaRef): string | undefined {
    if (ref.kind !== 'conference') return keyOf(ref);
    const room = this.#roomOf(ref);
    const seat = room?.seatFor(this.#unit(other));
    const why = room === undefined ? 'has stopped' : 'is full';
    if (seat === undefined) this.#context.log('warn', `Nothing was connected: the conference ${why}.`);
    return seat;
  }

  #placeNow(ref: MediaRef, other: MediaRef): string | undefined {
    return ref.kind === 'conference' ? this.#roomOf(ref)?.seatOf(this.#unit(other)) : keyOf(ref);
  }
}

function allowed(direction: ConferenceDirection | 'NONE'): { speak: boolean; hear: boolean } {
  return {
    speak: direction === 'SEND' || direction === 'BOTH',
    hear: direction === 'RECEIVE' || direction === 'BOTH',
  };
}
