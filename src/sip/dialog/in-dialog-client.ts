/** Requests of ours inside a dialog: which flow they take, and what happens when the peer challenges them. */
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { ClientTransaction, TransactionFailure } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import type { Body, ChallengeHook, ExtraHeaders } from './types.ts';

/** PITFALLS row 27: attempts are counted, not inferred from what the request carries. */
export const MAX_CHALLENGES = 2;

export interface InDialogRequest {
  readonly method: string;
  readonly fields?: ExtraHeaders;
  readonly body?: Uint8Array;
  readonly onChallenge?: ChallengeHook | undefined;
  /** 101–199, of an INVITE. */
  onProvisional?(response: SipResponse, request: SipRequest): void;
}

/** A request that is on its way. */
export interface Sending {
  /** INVITE: see `ClientTransaction.cancel`; where it has not left yet, it never does. */
  cancel(): void;
}

/** The final response (never a 401 or 407 that the hook could answer), or why there is none. */
export type InDialogOutcome = SipResponse | TransactionFailure;

/**
 * Sends in the dialog: at once when its path is known and open. When the flow it leaves on closes before the
 * answer, one new flow is tried. `done` is called exactly once, with the request that the outcome belongs to. The 2xx of an INVITE
 * is `done`'s to acknowledge; retransmissions of it are seen to here.
 */
export function sendInDialog(
  context: DialogContext,
  dialog: Dialog,
  what: InDialogRequest,
  done: (outcome: InDialogOutcome, request: SipRequest | undefined) => void,
): Sending {
  let challenges = 0;
  let triedNewFlow = false;
  let cancelled = false;
  let transaction: ClientTransaction | undefined;

  const onResponse = (response: SipResponse, request: SipRequest): void => {
    if (response.status < 200) {
      if (response.status > 100) what.onProvisional?.(response, request);
      return;
    }
    const credentials = isChallenge(response) && !cancelled ? answerChallenge(response, request) : undefined;
    if (credentials === undefined) done(response, request);
    else send(credentials);
  };
  const answerChallenge = (response: SipResponse, request: SipRequest): ExtraHeaders | undefined => {
    if (challenges >= MAX_CHALLENGES) return undefined;
    challenges += 1;
    return credentialsFor(context, what.onChallenge, response, request);
  };
  const send = (credentials: ExtraHeaders): void => {
    withPath(
      context,
      dialog,
      (flow) => transmit(flow, credentials),
      () => done('transport', undefined),
    );
  };
  const transmit = (flow: Flow, credentials: ExtraHeaders): void => {
    if (cancelled) {
      done('transport', undefined);
      return;
    }
    const request = dialog.newRequest(what.method, [...(what.fields ?? []), ...credentials], what.body);
    transaction = context.transactions.send(request, flow, {
      onResponse: (response) => onResponse(response, request),
      onLate2xx: (response) => context.acks.resend(response),
      onFailure: (failure) => {
        // The transaction is over, and its 2xx may still come: the ACK is owed all the same.
        if (what.method === 'INVITE')
          context.expectLate2xx(request, (response) => acknowledge(context, dialog, request, response));
        if (failure !== 'transport' || triedNewFlow || cancelled) {
          done(failure, request);
          return;
        }
        triedNewFlow = true;
        send(credentials);
      },
    });
  };
  send([]);
  return {
    cancel: () => {
      cancelled = true;
      if (what.method === 'INVITE') transaction?.cancel();
    },
  };
}

/** Calls `use` with the flow for the dialog's next request: at once where nothing has to be looked up. */
function withPath(
  context: DialogContext,
  dialog: Dialog,
  use: (flow: Flow) => void,
  failed: () => void,
): void {
  const known = dialog.path.known(dialog.nextHop);
  if (known !== undefined) use(known);
  else dialog.path.search(context, dialog.nextHop).then(use, failed);
}

export function isChallenge(response: SipResponse): boolean {
  return response.status === 401 || response.status === 407;
}

/** Asks the hook. One that throws has no credentials: the session must end by the 401, not hang. */
export function credentialsFor(
  context: DialogContext,
  hook: ChallengeHook | undefined,
  response: SipResponse,
  request: SipRequest,
): ExtraHeaders | undefined {
  try {
    return hook?.(response, request);
  } catch (error) {
    context.log.error({ err: error }, 'a challenge could not be answered');
    return undefined;
  }
}

/** §13.2.2.4: the ACK for a 2xx, on the dialog's path; kept for retransmissions of that 2xx (PITFALLS row 3). */
export function acknowledge(
  context: DialogContext,
  dialog: Dialog,
  invite: SipRequest,
  response: SipResponse,
  answer?: string,
): void {
  context.acks.expect(response);
  withPath(
    context,
    dialog,
    (flow) =>
      context.acks.put(response, context.transactions.sendAck(dialog.ackFor(invite, answer), flow), flow),
    () => {
      context.acks.forget(response);
      context.log.warn({ callId: dialog.id.callId }, 'no way to send an ACK: the flow is closed');
    },
  );
}

export interface BodyRequest {
  readonly method: 'INFO' | 'MESSAGE';
  readonly body: Body;
  readonly headers: ExtraHeaders;
  readonly onChallenge?: ChallengeHook | undefined;
}

/** A request that does nothing but carry a body; the final status, 408 for silence, 503 for a broken path. */
export function sendBody(context: DialogContext, dialog: Dialog, request: BodyRequest): Promise<number> {
  const { method, body, headers, onChallenge } = request;
  const fields: ExtraHeaders = [['Content-Type', body.contentType], ...headers];
  return new Promise((resolve) => {
    sendInDialog(context, dialog, { method, fields, body: body.content, onChallenge }, (outcome) =>
      resolve(outcome === 'timeout' ? 408 : outcome === 'transport' ? 503 : outcome.status),
    );
  });
}

/** BYE (§15.1.1). The dialog stays in the table until it is answered, so that a BYE crossing it finds it. */
export function sendBye(
  context: DialogContext,
  dialog: Dialog,
  options: { readonly headers?: ExtraHeaders | undefined; readonly onChallenge?: ChallengeHook | undefined },
): void {
  const { headers = [], onChallenge } = options;
  sendInDialog(context, dialog, { method: 'BYE', fields: headers, onChallenge }, () =>
    context.table.remove(dialog),
  );
}
