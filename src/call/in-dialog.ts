import { describeError, type Logger } from '../kernel/logger.ts';
import type { InviteSession, SessionEvents } from '../sip/dialog/types.ts';
import type { CallMedia } from './call-media.ts';
import { allowHeaders } from './header-allow-list.ts';
import type { KeyPresses } from './key-presses.ts';
import { answerReOffer, applyAnswer, applyLateAnswer, Holding } from './re-offers.ts';
import { infoBody, messageBody, type Outgoing, readInfo, readMessage, type Send } from './texts.ts';
import { requestTransfer } from './transfer.ts';
import type { CallEvents, HeaderMap } from './types.ts';

/** What a call lends to what happens inside its dialog. */
export interface InDialogHost {
  readonly log: Logger;
  readonly keys: KeyPresses;
  readonly media: () => CallMedia | undefined;
  readonly connected: () => boolean;
  readonly emit: <K extends Exclude<keyof CallEvents, 'failed' | 'disconnected'>>(
    event: K,
    payload: CallEvents[K],
  ) => void;
  /** Something that a script asked for was left out. */
  readonly warn: (messages: readonly string[]) => void;
  readonly listen: <K extends keyof SessionEvents>(
    event: K,
    heard: (payload: SessionEvents[K]) => void,
  ) => void;
}

/** Everything that happens between the answer and the end of one SIP session. */
export class InDialog {
  readonly #session: InviteSession;
  readonly #host: InDialogHost;
  #holding: Holding | undefined;

  constructor(session: InviteSession, host: InDialogHost) {
    this.#session = session;
    this.#host = host;
    const { log, media, emit } = host;
    host.listen('reoffer', (reoffer) => {
      if (host.connected()) emit('reinviteReceived', {});
      answerReOffer(reoffer, media(), log);
    });
    host.listen('confirmed', ({ sdp }) => {
      if (host.connected()) applyLateAnswer(sdp, media(), log);
    });
    host.listen('answerChanged', ({ sdp }) => {
      const changed = media();
      if (changed?.configured === true) applyAnswer(sdp, changed, log);
    });
    host.listen('info', (info) => {
      const heard = readInfo(info);
      if (heard === undefined) return;
      if (!('digit' in heard)) emit('info', heard);
      else if (host.keys.isNew(heard.digit, 'info')) emit('digit', heard);
    });
    host.listen('message', (message) => {
      const heard = readMessage(message);
      if (heard !== undefined) emit('message', heard);
    });
    host.listen('refer', (refer) => {
      requestTransfer(refer, (request) => emit('transferRequested', request));
    });
  }

  sendInfo(mimeType: string, body: string, headers: HeaderMap): void {
    this.#send('INFO', infoBody(mimeType, body), headers, (what, fields) => this.#session.info(what, fields));
  }

  sendMessage(text: string, headers: HeaderMap): void {
    this.#send('MESSAGE', messageBody(text), headers, (what, fields) => this.#session.message(what, fields));
  }

  hold(held: boolean): void {
    const media = this.#host.media();
    if (media?.leg === undefined || !this.#host.connected()) return;
    this.#holding ??= new Holding({
      session: this.#session,
      media,
      log: this.#host.log,
      accepted: () => this.#host.emit('reinviteAccepted', {}),
      rejected: (code) => this.#host.emit('reinviteRejected', { code }),
    });
    this.#holding.want(held);
  }

  #send(method: string, outgoing: Outgoing, headers: HeaderMap, send: Send): void {
    const { log, warn } = this.#host;
    if (outgoing.objection !== undefined) {
      warn([outgoing.objection]);
      return;
    }
    const allowed = allowHeaders(headers);
    warn(allowed.dropped);
    send(outgoing.body, allowed.headers).catch((error: unknown) => {
      log.info({ method, error: describeError(error) }, 'a request inside a call was not delivered');
    });
  }
}
