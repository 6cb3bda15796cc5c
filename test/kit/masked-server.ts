import type { ApplicationEntry } from '../../src/config/schema.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { NO_RULES } from '../../src/masking/rules.ts';
import type { MaskingSession, NewParty, NewSession, SessionRules } from '../../src/masking/types.ts';
import { SERVICE, WholeServer } from './whole-server.ts';

/** Service numbers beside `SERVICE`. */
export const SECOND = '+442079460124';
export const THIRD = '+442079460125';
/** In the range that no network uses; nobody is registered with it. */
export const NOBODY = '+447700900303';
/** Whoever was called presses them, and is left alone from then on. */
export const LEAVE_ALONE = '*9';

export interface NewMasked {
  readonly parties: readonly (Partial<Omit<NewParty, 'number'>> & { readonly number: string })[];
  readonly mode?: NewSession['mode'];
  /** The service number; default: whichever is free. */
  readonly number?: string;
  readonly rules?: Partial<SessionRules>;
}

/** An application whose calls are all joined by the masking service, and no script of its own. */
export function maskedApplication(application: ApplicationEntry): ApplicationEntry {
  const rule = { name: 'masking', pattern: '.*', scenarios: ['masking'], customData: LEAVE_ALONE };
  return { ...application, numbers: [SERVICE, SECOND, THIRD], scenarios: {}, rules: [rule], masking: true };
}

/** @param options.node name of the node, where several share a database. */
export async function startMaskedServer(
  options: { readonly node?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<WholeServer> {
  const { node, environment } = options;
  return await WholeServer.start({
    ...(environment === undefined ? {} : { environment }),
    settings: (settings) => ({
      ...settings,
      node: node ?? settings.node,
      masking: { expirySeconds: 1 },
      applications: settings.applications.map(maskedApplication),
    }),
  });
}

/** As `POST /v1/masking-sessions` would make it. */
export async function maskedSession(server: WholeServer, wish: NewMasked): Promise<MaskingSession> {
  const { sessions } = server.maskline.storage.masking;
  return await sessions.create(newMasked(applicationOf(server), wish));
}

export function newMasked(applicationId: string, wish: NewMasked): NewSession {
  const { parties, mode = 'axb', number, rules } = wish;
  return {
    applicationId,
    externalId: undefined,
    mode,
    parties: parties.map((party) => ({
      ...{ role: '', label: '', announcement: undefined, extension: undefined },
      ...party,
      number: PhoneNumber.parse(party.number),
    })),
    numbers: {
      ...{ pool: undefined, prefer: 'any', region: undefined, strict: false, tags: [] },
      explicit: number === undefined ? undefined : PhoneNumber.parse(number),
    },
    rules: { ...NO_RULES, ...rules },
    metadata: {},
  };
}

export function applicationOf(server: WholeServer): string {
  const [application] = server.maskline.storage.admin.applications();
  if (application === undefined) throw new Error('the server has no application');
  return application.id;
}

/** Waits until the session is so, ten seconds at most. */
export async function sessionUntil(
  server: WholeServer,
  id: string,
  isSo: (session: MaskingSession) => boolean,
): Promise<MaskingSession> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const session = await server.maskline.storage.masking.sessions.get(id, undefined);
    if (session !== undefined && isSo(session)) return session;
    if (performance.now() > deadline) throw new Error(`the session stays ${JSON.stringify(session)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
