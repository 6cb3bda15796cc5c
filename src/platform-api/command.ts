import type { ApiKey, Scope } from '../http/ports.ts';
import type { Views } from '../http/views.ts';
import type { PlatformOptions } from './options.ts';
import { type Args, type Params, type RawParams, readParams } from './params.ts';

/** One request: who asks, and what it may see of numbers. */
export interface Context extends PlatformOptions {
  readonly key: ApiKey;
  readonly views: Views;
}

export type Answer = Readonly<Record<string, unknown>>;

export interface CommandSpec<P extends Params> {
  readonly name: string;
  /** One sentence for the reference. */
  readonly summary: string;
  /** What the key must have; absent: any key may. */
  readonly scope?: Scope;
  /** Page of the vendor's reference below voximplant.com/docs/references/httpapi. */
  readonly page: string;
  /** What is missing of it; absent: nothing. */
  readonly missing?: string;
  /** The key must not be bound to an application. */
  readonly wholeAccount?: boolean;
  readonly params: P;
  readonly run: (context: Context, args: Args<P>) => Promise<Answer>;
}

/** A command whose parameters are read when it runs. */
export interface Command extends Omit<CommandSpec<Params>, 'run'> {
  readonly run: (context: Context, raw: RawParams) => Promise<Answer>;
}

export function command<const P extends Params>(spec: CommandSpec<P>): Command {
  return { ...spec, run: (context, raw) => spec.run(context, readParams(spec.params, raw)) };
}
