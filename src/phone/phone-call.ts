import { Emitter } from '../kernel/emitter.ts';
import { response } from '../sip/message/build.ts';
import { from, toTag } from '../sip/message/fields.ts';
import type { SipMessage, SipRequest, SipResponse } from '../sip/message/types.ts';
import { formatUri, isSipUri } from '../sip/message/uri.ts';
import { contactOf, openRtp, type PhoneContext, sendAuthenticated } from './phone-context.ts';
import type { Field, PhoneDialog } from './phone-dialog.ts';
import type { PhoneRtp } from './phone-rtp.ts';
import {
  answerDirection,
  PAYLOAD_TYPE,
  type PhoneDirection,
  type PhoneSdp,
  readSdp,
  TELEPHONE_EVENT,
  writeSdp,
} from './phone-sdp.ts';
import { Waiting } from './waiting.ts';
import type { Peer } from './wire.ts';

/**
 * `trying`: the INVITE is out, or came in. `ringing`: 180. `early-media`: 18x with SDP. `answered` (incoming only): 200
 * sent, ACK not yet seen. `connected`: 200 received, or ACK received. A call may skip any but the last.
 */
export type PhoneCallState = 'trying' | 'ringing' | 'early-media' | 'answered' | 'connected' | 'ended';

export interface PhoneCallEnd {
  readonly by: 'local' | 'remote' | 'timeout';
  /** The final status of the INVITE where the call was never answered. */
  readonly status: number | undefined;
  readonly reason: string;
}

/** What the phone's display shows of the other side. */
export interface Shown {
  readonly displayName: string | undefined;
  /** User part of the From URI, or the whole URI where it has none. */
  readonly number: string;
  readonly assertedIdentity: string | undefined;
}

export interface PhoneCallEvents {
  state: { readonly state: PhoneCallState };
}

const DEFAULT_WAIT_MS = 10_000;
export const SDP_TYPE: Field = ['Content-Type', 'application/sdp'];

/** A call of the phone: what both directions have in common, from the answer to BYE. */
export abstract class PhoneCall {
  abstract readonly direction: 'outgoing' | 'incoming';
  readonly events = new Emitter<PhoneCallEvents>();
  readonly states: { readonly state: PhoneCallState; readonly at: number }[] = [];
  readonly dialog: PhoneDialog;
  /** INFO requests that came in: content type and body. */
  readonly infos: { readonly contentType: string; readonly body: string }[] = [];
  end: PhoneCallEnd | undefined;
  remoteSdp: PhoneSdp | undefined;
  localDirection: PhoneDirection = 'sendrecv';
  /** What we want; the other side may want less. */
  protected wantedDirection: PhoneDirection = 'sendrecv';
  protected readonly context: PhoneContext;
  protected peer: Peer;
  protected media: PhoneRtp | undefined;
  readonly #waiting: Waiting;
  readonly #sessionId: number;
  #sdpVersion = 0;
  #reinviting = false;

  protected constructor(context: PhoneContext, dialog: PhoneDialog, peer: Peer) {
    this.context = context;
    this.dialog = dialog;
    this.peer = peer;
    this.#sessionId = context.random.int(2 ** 31);
    this.#waiting = new Waiting(
      context.clock,
      () =>
        `the call went ${this.states.map((entry) => entry.state).join(' → ') || 'nowhere'}${this.#endText()}`,
    );
  }

  get state(): PhoneCallState {
    return this.states.at(-1)?.state ?? 'trying';
  }

  /** The call's sound. Throws before there is any. */
  get rtp(): PhoneRtp {
    if (this.media === undefined)
      throw new Error('the call has no media yet: wait for early-media or connected');
    return this.media;
  }

  /** The call's sound, if there is any yet. */
  get sound(): PhoneRtp | undefined {
    return this.media;
  }

  /** Resolves once the call is, or was, in the state; rejects when it ended without, or after `timeoutMs`. */
  waitFor(state: PhoneCallState, timeoutMs = DEFAULT_WAIT_MS): Promise<this> {
    const was = (): boolean => this.states.some((entry) => entry.state === state);
    return this.waitUntil(`state ${state}`, was, timeoutMs);
  }

  /** Waits for anything about the call, such as `() => call.rtp.digits === '1'`. Looked at after each packet. */
  async waitUntil(what: string, look: () => boolean, timeoutMs = DEFAULT_WAIT_MS): Promise<this> {
    await this.#waiting.until(
      what,
      () => {
        if (look()) return true;
        if (this.end !== undefined) throw new Error(`the call ended before ${what}${this.#endText()}`);
        return false;
      },
      timeoutMs,
    );
    return this;
  }

  /** Ends the call, whatever its state. */
  abstract hangup(): void;

  /** Requests inside the dialog; false: not for us. */
  handleRequest(request: SipRequest, from: Peer): boolean {
    switch (request.method) {
      case 'BYE':
        this.#onBye(request, from);
        return true;
      case 'INVITE':
      case 'UPDATE':
        this.#onOffer(request, from);
        return true;
      case 'INFO':
        this.infos.push({
          contentType: request.headers.get('Content-Type') ?? '',
          body: Buffer.from(request.body).toString('utf8'),
        });
        this.changed();
        break;
    }
    this.respond(request, from, 200);
    return true;
  }

  /** Puts the other side on hold (`sendonly`, RFC 3264 §8.4) or takes it back. Resolves with the final status. */
  hold(on = true): Promise<number> {
    return this.reinvite(on ? 'sendonly' : 'sendrecv');
  }

  /** A re-INVITE with our SDP. Resolves with the final status; 408 when nothing came. */
  reinvite(direction: PhoneDirection = this.localDirection): Promise<number> {
    if (direction !== this.localDirection) this.#sdpVersion += 1;
    this.wantedDirection = direction;
    this.localDirection = direction;
    this.#reinviting = true;
    return this.sendInDialog(
      'INVITE',
      [['Contact', contactOf(this.context)], SDP_TYPE],
      this.localSdp(),
      (accepted) => {
        this.dialog.refreshTarget(accepted);
        this.applySdp(accepted.body);
        this.#sendAckInDialog();
      },
    ).finally(() => {
      this.#reinviting = false;
    });
  }

  /** INFO, MESSAGE, OPTIONS or anything else inside the dialog. Resolves with the final status; 408 when nothing came. */
  sendInDialog(
    method: string,
    fields: readonly Field[] = [],
    body?: Uint8Array,
    onAccepted: (response: SipResponse) => void = () => {},
  ): Promise<number> {
    return new Promise((resolve) => {
      sendAuthenticated(
        this.context,
        (credentials) => this.dialog.request(method, [...fields, ...credentials], body),
        this.nextHop(),
        {
          onFinal: (final) => {
            if (final.status < 300) onAccepted(final);
            resolve(final.status);
          },
          onTimeout: () => resolve(408),
        },
      );
    });
  }

  /** Everything that was sent and received, SIP and RTP, of this call alone. */
  get packets(): { sip: PhoneContext['wire']['log']; rtp: PhoneRtp['log'] } {
    const needle = Buffer.from(this.dialog.callId);
    const sip = this.context.wire.log.filter((entry) => Buffer.from(entry.bytes).includes(needle));
    return { sip, rtp: this.media?.log ?? [] };
  }

  protected setState(state: PhoneCallState): void {
    if (this.state === 'ended') return;
    if (this.states.at(-1)?.state === state) return;
    this.states.push({ state, at: this.context.clock.now() });
    this.events.emit('state', { state });
    this.changed();
  }

  protected finish(end: PhoneCallEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.media?.close();
    this.setState('ended');
    this.changed();
  }

  protected changed(): void {
    this.#waiting.changed();
  }

  /** Opens the sockets of the call's sound. False when the call ended meanwhile. */
  protected async openMedia(): Promise<boolean> {
    const media = await openRtp(this.context, () => this.changed());
    if (this.end !== undefined || this.media !== undefined) {
      media.close();
      return this.end === undefined;
    }
    this.media = media;
    media.expect(this.#ownCodecs(), TELEPHONE_EVENT);
    return true;
  }

  protected nextHop(): Peer {
    // Over TCP the peer's own connection is the way back; it may have no listener at all (PITFALLS row 8).
    if (this.peer.connection !== undefined) return this.peer;
    return this.dialog.nextHop(this.context.registrar ?? this.peer);
  }

  /** Our SDP now. As an answer it keeps the offer's payload type numbers (RFC 3264 §6.1). */
  protected localSdp(): Uint8Array {
    const known = this.remoteSdp;
    const own = this.#ownCodecs();
    const common = known?.codecs.filter((codec) => own.some((mine) => mine.name === codec.name)) ?? [];
    const codecs = common.length > 0 ? common : own;
    const telephoneEvent = known === undefined ? TELEPHONE_EVENT : known.telephoneEvent;
    this.rtp.expect(codecs, telephoneEvent);
    return writeSdp({
      username: this.context.identity.username,
      sessionId: this.#sessionId,
      version: this.#sdpVersion,
      rtp: this.rtp.local,
      codecs,
      telephoneEvent,
      direction: this.localDirection,
    });
  }

  /** Takes the other side's SDP. False when it has no codec of ours. */
  protected applySdp(body: Uint8Array): boolean {
    const sdp = body.length === 0 ? undefined : readSdp(body);
    if (sdp === undefined) return body.length === 0;
    const own = this.#ownCodecs();
    const codec = sdp.codecs.find((entry) => own.some((mine) => mine.name === entry.name));
    if (codec === undefined) return false;
    const direction = answerDirection(sdp.direction, this.wantedDirection);
    if (direction !== this.localDirection) this.#sdpVersion += 1;
    this.localDirection = direction;
    this.remoteSdp = sdp;
    this.media?.configure({
      remote: { host: sdp.host, port: sdp.port },
      remoteRtcp: sdp.rtcp ?? { host: sdp.host, port: sdp.port + 1 },
      codec: codec.name,
      payloadType: codec.payloadType,
      telephoneEvent: sdp.telephoneEvent,
      sends: direction === 'sendrecv' || direction === 'sendonly',
    });
    return true;
  }

  protected respond(
    request: SipRequest,
    to: Peer,
    status: number,
    options: { fields?: readonly Field[]; body?: Uint8Array; tag?: string; reason?: string } = {},
  ): SipResponse {
    const made = response(request, status, {
      toTag: options.tag ?? this.dialog.localTag,
      fields: [['User-Agent', 'Maskline-Phone'], ...(options.fields ?? [])],
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    this.context.exchanges.respond(request, to, made, () => this.onNoAck());
    return made;
  }

  /** A final response of ours was never acknowledged. */
  protected onNoAck(): void {
    this.sendBye({ by: 'timeout', status: undefined, reason: 'no ACK came' });
  }

  protected sendBye(end: PhoneCallEnd): void {
    if (this.end !== undefined) return;
    void this.sendInDialog('BYE');
    this.finish(end);
  }

  #onBye(request: SipRequest, from: Peer): void {
    if (this.context.misbehaviour.ignoreBye !== true) this.respond(request, from, 200);
    // A BYE to the dialog of another fork ends that one only.
    if (toTag(request) !== this.dialog.localTag) return;
    this.finish({ by: 'remote', status: undefined, reason: 'BYE' });
  }

  #onOffer(request: SipRequest, from: Peer): void {
    const refuse = this.context.misbehaviour.refuseReinvite ?? (this.#reinviting ? 491 : undefined);
    if (refuse !== undefined) return void this.respond(request, from, refuse);
    this.dialog.refreshTarget(request);
    if (!this.applySdp(request.body)) return void this.respond(request, from, 488);
    const fields: Field[] = [['Contact', contactOf(this.context)]];
    if (request.method === 'UPDATE' && request.body.length === 0) {
      return void this.respond(request, from, 200, { fields });
    }
    this.respond(request, from, 200, { fields: [...fields, SDP_TYPE], body: this.localSdp() });
    this.changed();
  }

  #sendAckInDialog(): void {
    this.context.exchanges.sendAck(this.dialog.request('ACK'), this.nextHop());
  }

  #ownCodecs(): PhoneSdp['codecs'] {
    const names = this.context.audio.codecs ?? ['PCMA', 'PCMU'];
    return names.map((name) => ({ name, payloadType: PAYLOAD_TYPE[name] }));
  }

  #endText(): string {
    if (this.end === undefined) return '';
    const { by, status, reason } = this.end;
    return ` (ended by ${by}${status === undefined ? '' : `, ${status}`}: ${reason})`;
  }
}

/** What a display shows of a message's sender. */
export function shownBy(message: SipMessage): Shown {
  const sender = from(message);
  return {
    displayName: sender.displayName,
    number: isSipUri(sender.uri)
      ? (sender.uri.user ?? formatUri(sender.uri))
      : formatUri(sender.uri).replace(/^tel:/, ''),
    assertedIdentity: message.headers.get('P-Asserted-Identity'),
  };
}
