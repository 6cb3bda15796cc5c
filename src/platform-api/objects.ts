/** Finds what a request names, by number or by name, among what its key may see. */
import { sees } from '../http/authorize.ts';
import type { Context } from './command.ts';
import { PlatformError, type PlatformErrorCode } from './errors.ts';
import { type IdList, id, line, MAX_COUNT } from './params.ts';
import type {
  Numbered,
  PlatformApplication,
  PlatformPhone,
  PlatformRule,
  PlatformScenario,
  PlatformUser,
} from './ports.ts';

/** The parameters that name an application. */
export const applicationParams = { application_id: id(116), application_name: line() };

export interface NamesApplication {
  readonly application_id: number | undefined;
  readonly application_name: string | undefined;
}

export async function visibleApplications(context: Context): Promise<readonly PlatformApplication[]> {
  return (await context.directory.applications()).filter((one) => sees(context.key, one.id));
}

/** `shop` of `shop` and of `shop.account.voximplant.com`, which the vendor's own tools put together. */
export function shortName({ account }: Context, name: string): string {
  const suffix = `.${account.name}.voximplant.com`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

/** As the cloud answers: the full application name. */
export function fullName({ account }: Context, name: string): string {
  return `${name}.${account.name}.voximplant.com`;
}

export async function findApplication(
  context: Context,
  named: NamesApplication,
): Promise<PlatformApplication | undefined> {
  const { application_id, application_name } = named;
  if (application_id === undefined && application_name === undefined) return undefined;
  const all = await visibleApplications(context);
  const found =
    application_id === undefined
      ? all.find(({ name }) => name === shortName(context, application_name ?? ''))
      : await byNumber(context, 'application', all, application_id);
  if (found === undefined) throw new PlatformError(116);
  return found;
}

/** The application that the request names, else the only one that its key sees. */
export async function needApplication(
  context: Context,
  named: NamesApplication,
): Promise<PlatformApplication> {
  const found = await findApplication(context, named);
  if (found !== undefined) return found;
  const all = context.key.applicationId === undefined ? [] : await visibleApplications(context);
  if (all.length === 1 && all[0] !== undefined) return all[0];
  throw new PlatformError(116);
}

export async function visibleRules(context: Context): Promise<readonly PlatformRule[]> {
  return (await context.directory.rules()).filter((one) => sees(context.key, one.applicationId));
}

export async function visibleScenarios(context: Context): Promise<readonly PlatformScenario[]> {
  return (await context.directory.scenarios()).filter((one) => sees(context.key, one.applicationId));
}

export async function visibleUsers(context: Context): Promise<readonly PlatformUser[]> {
  return (await context.directory.users()).filter((one) => sees(context.key, one.applicationId));
}

export async function visiblePhones(context: Context): Promise<readonly PlatformPhone[]> {
  return (await context.directory.phones()).filter((one) => sees(context.key, one.applicationId));
}

/** One rule by number, or by its name, which several applications may have. */
export async function needRule(
  context: Context,
  named: { readonly rule_id?: number | undefined; readonly rule_name?: string | undefined },
  application?: PlatformApplication,
): Promise<PlatformRule> {
  const { rule_id, rule_name } = named;
  const all = (await visibleRules(context)).filter(
    (one) => application === undefined || one.applicationId === application.id,
  );
  const found =
    rule_id === undefined
      ? only(all.filter(({ name }) => name === rule_name))
      : await byNumber(context, 'rule', all, rule_id);
  if (found === undefined) throw new PlatformError(147);
  return found;
}

export async function byNumber<T extends { readonly id: string }>(
  context: Context,
  kind: Numbered,
  all: readonly T[],
  number: number,
): Promise<T | undefined> {
  const ref = (await context.ids.refs(kind, [number])).get(number);
  return all.find((one) => one.id === ref);
}

/** All that a list of numbers or names means, in its order and each once. Throws `code` when one is not there. */
export async function several<T extends { readonly id: string; readonly name?: string }>(
  context: Context,
  kind: Numbered,
  all: readonly T[],
  asked: { readonly ids: IdList | undefined; readonly names: readonly string[] | undefined },
  code: PlatformErrorCode,
): Promise<readonly T[]> {
  const { ids, names } = asked;
  if (ids === 'all') return all;
  if (ids === undefined && names === undefined) throw new PlatformError(code);
  const refs = ids === undefined ? new Map<number, string>() : await context.ids.refs(kind, ids);
  const found =
    ids === undefined
      ? (names ?? []).map((name) => only(all.filter((one) => one.name === name)))
      : ids.map((number) => all.find((one) => one.id === refs.get(number)));
  const out = new Set<T>();
  for (const one of found) {
    if (one === undefined) throw new PlatformError(code);
    out.add(one);
  }
  return [...out];
}

/** A page of a list, and what is said of it. */
export function pageOf<T>(
  items: readonly T[],
  { count, offset }: { readonly count: number; readonly offset: number },
): { readonly items: readonly T[]; readonly total_count: number; readonly count: number } {
  const page = items.slice(offset, offset + Math.min(count, MAX_COUNT));
  return { items: page, total_count: items.length, count: page.length };
}

/** A look-up of the numbers of objects, for an answer. */
export async function numbersOf(
  context: Context,
  kind: Numbered,
  refs: readonly string[],
): Promise<(ref: string) => number> {
  const numbers = await context.ids.numbers(kind, refs);
  return (ref) => numbers.get(ref) ?? 0;
}

/** Nothing when there are several: a name that is not clear names nobody. */
const only = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);
