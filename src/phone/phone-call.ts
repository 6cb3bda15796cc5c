import { Emitter } from '../kernel/emitter.ts';
import { response } from '../sip/message/build.ts';
import { from, toTag } from '../sip/message/fields.ts';
import type { SipMessage, SipRequest, SipResponse } from '../sip/message/types.ts';
import { formatUri, isSipUri } from '../sip/message/uri.ts';
import { CallMedia } from './call-media.ts';
import { contactOf, type PhoneContext, sendAuthenticated } from './phone-context.ts';
import type { Field, PhoneDialog } from './phone-dialog.ts';
import type { PhoneRtp } from './phone-rtp.ts';
import type { PhoneDirection, PhoneSdp } from './phone-sdp.ts';
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
  protected readonly context: PhoneContext;
  protected peer: Peer;
  protected readonly media: CallMedia;
  readonly #waiting: Waiting;
  #reinviting = false;

  protected constructor(context: PhoneContext, dialog: PhoneDialog, peer: Peer) {
    this.context = context;
    this.dialog = dialog;
    this.peer = peer;
    this.media = new CallMedia(context, () => this.changed());
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
    const { rtp } = this.media;
    if (rtp === undefined) throw new Error('the call has no media yet: wait for early-media or connected');
    return rtp;
  }

  /** The call's sound, if there is any yet. */
  get sound(): PhoneRtp | undefined {
    return this.media.rtp;
  }

  /** Whether we send, hear, or both, as our SDP says. */
  get localDirection(): PhoneDirection {
    return this.media.direction;
  }

  /** The other side's last SDP. */
  get remoteSdp(): PhoneSdp | undefined {
    return this.media.remote;
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
    this.media.wish(direction);
    this.#reinviting = true;
    return this.sendInDialog(
      'INVITE',
      [['Contact', contactOf(this.context)], SDP_TYPE],
      this.media.write(),
      (accepted) => {
        this.dialog.refreshTarget(accepted);
        this.media.apply(accepted.body);
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
    return { sip, rtp: this.media.rtp?.log ?? [] };
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
    this.media.close();
    this.setState('ended');
    this.changed();
  }

  protected changed(): void {
    this.#waiting.changed();
  }

  protected nextHop(): Peer {
    // Over TCP the peer's own connection is the way back; it may have no listener at all (PITFALLS row 8).
    if (this.peer.connection !== undefined) return this.peer;
    return this.dialog.nextHop(this.context.registrar ?? this.peer);
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
    if (!this.media.apply(request.body)) return void this.respond(request, from, 488);
    const fields: Field[] = [['Contact', contactOf(this.context)]];
    if (request.method === 'UPDATE' && request.body.length === 0) {
      return void this.respond(request, from, 200, { fields });
    }
    this.respond(request, from, 200, { fields: [...fields, SDP_TYPE], body: this.media.write() });
    this.changed();
  }

  #sendAckInDialog(): void {
    this.context.exchanges.sendAck(this.dialog.request('ACK'), this.nextHop());
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
