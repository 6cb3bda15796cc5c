/** Resolution with what it needs of this node: the stores, and the customers' backends behind the fence. */
import type { WebhookHttp } from '../events/send.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { Backend } from '../masking/backend.ts';
import { Intercept } from '../masking/intercept.ts';
import type { ShowableNumbers } from '../masking/masked-identity.ts';
import type {
  BackendHttp,
  BackendSecretStore,
  PullAnswerStore,
  PullMode,
  ResolutionStore,
} from '../masking/ports.ts';
import { Pull } from '../masking/pull.ts';
import { resolve } from '../masking/resolve.ts';
import type { Question, Resolution } from '../masking/types.ts';
import { FencedHttp, type HttpClient } from '../scenario/http/http-client.ts';
import { NetFence } from '../scenario/http/net-fence.ts';

export interface Resolver {
  /** @param mode default: a call waits; see `masking/resolve.ts`. */
  resolve(question: Question, mode?: PullMode): Promise<Resolution>;
  /** Ends questions to backends that are still open, and their connections. */
  close(): void;
}

export interface ResolverOptions {
  readonly store: ResolutionStore;
  readonly answers: PullAnswerStore;
  readonly secrets: BackendSecretStore;
  readonly numbers: ShowableNumbers;
  /** Private hosts and addresses that backends may be at: those that scenarios may reach, too. */
  readonly httpAllow: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

export function createResolver(options: ResolverOptions): Resolver {
  const { store, answers, secrets, numbers, clock, random } = options;
  const http = new FencedHttp({ fence: new NetFence(options.httpAllow), clock });
  const backend = new Backend({ http: backendHttp(http), secrets, clock, random });
  const pull = new Pull(backend, { answers, people: store }, clock);
  const tools = { store, numbers, pull, intercept: new Intercept(backend, store), clock };
  return {
    resolve: (question, mode) => resolve(question, tools, mode),
    close: () => {
      backend.close();
      http.close();
    },
  };
}

/** A redirect is refused: it would send the question, signature and all, to somebody whom the policy does not name. */
export function backendHttp(http: HttpClient): BackendHttp & WebhookHttp {
  return {
    post: async ({ url, headers, body, timeoutMs, maxBytes, signal }) => {
      const timeoutSeconds = timeoutMs / 1000;
      const answer = await http.request({
        ...{ method: 'POST', url, headers, body, timeoutSeconds, maxBytes, signal },
        connectTimeoutSeconds: timeoutSeconds,
        maxRedirects: 0,
      });
      if (answer.code === 0) return { status: 0, error: answer.error ?? 'there was no answer' };
      const retryAfter = answer.headers.filter(({ key }) => key.toLowerCase() === 'retry-after');
      return {
        ...{ status: answer.code, body: answer.body },
        retryAfter: retryAfter.map(({ value }) => value.trim()),
      };
    },
  };
}
