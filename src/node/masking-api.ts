/** What the REST API needs of the masking service, from the stores of a node and its resolver. */
import type { MaskingParts } from '../http/options.ts';
import type { Storage } from '../storage/storage.ts';
import type { Resolver } from './resolver.ts';

export function maskingApi(
  { masking }: Pick<Storage, 'masking'>,
  resolver: Pick<Resolver, 'resolve'>,
): MaskingParts {
  const { sessions, pools, blocks, resolution, secrets } = masking;
  return {
    ...{ sessions, pools, blocks, backendSecrets: secrets },
    policies: resolution,
    // Nobody is called: what a backend would be asked is answered from what is kept, or asked without keeping anything.
    explain: (question, askBackend) => resolver.resolve(question, askBackend ? 'probe' : 'cached'),
  };
}
