/**
 * A flow towards a URI: RFC 3263 first, then the transport. For the dialog layer, whose own flow may have closed, and
 * for whoever else has a URI and no target yet.
 */
import type { Uri } from '../message/types.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Flow, Transport } from '../transport/types.ts';

/** The first target that a flow can be had to. Rejects with the last error. */
export function createFlowTo(
  resolver: Resolver,
  transport: Pick<Transport, 'flowTo'>,
): (uri: Uri) => Promise<Flow> {
  return async (uri) => {
    let failure: unknown = new Error('the URI leads to no address');
    for (const target of await resolver.resolve(uri)) {
      try {
        return await transport.flowTo(target);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
}
