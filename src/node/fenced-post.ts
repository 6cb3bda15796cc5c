import type { WebhookHttp } from '../events/send.ts';
import type { Clock } from '../kernel/clock.ts';
import { FencedHttp } from '../scenario/http/http-client.ts';
import { NetFence } from '../scenario/http/net-fence.ts';

/**
 * HTTP to customers' servers: no redirects, and private addresses only where the settings name them.
 *
 * @param setting where they are named, for who reads the error.
 */
export function fencedPost(
  httpAllow: readonly string[],
  setting: string,
  clock: Clock,
): WebhookHttp & { close(): void } {
  const client = new FencedHttp({ fence: new NetFence(httpAllow, setting), clock });
  return {
    post: async ({ url, headers, body, timeoutMs, maxBytes, signal }) => {
      const answer = await client.request({
        ...{ method: 'POST', url, headers, body, maxBytes, maxRedirects: 0, signal },
        timeoutSeconds: timeoutMs / 1000,
        connectTimeoutSeconds: undefined,
      });
      if (answer.code === 0) return { status: 0, error: answer.error ?? 'no answer' };
      return { status: answer.code, body: answer.body };
    },
    close: () => client.close(),
  };
}
