/** What the REST API needs of the masking service, from the stores of a node and its resolver. */
import type { MaskingParts } from '../http/options.ts';
import { seededRandom } from '../kernel/seeded-random.ts';
import { madeUpOrders } from '../masking/made-up-orders.ts';
import { planSteps } from '../masking/plan-numbers.ts';
import { readPolicy, writePolicy } from '../masking/policy.ts';
import type { Storage } from '../storage/storage.ts';
import type { Resolver } from './resolver.ts';

export function maskingApi(
  { masking }: Pick<Storage, 'masking'>,
  resolver: Pick<Resolver, 'resolve'>,
): MaskingParts {
  const { sessions, pools, blocks, resolution, secrets } = masking;
  return {
    ...{ sessions, pools, blocks, backendSecrets: secrets },
    policies: {
      get: async (applicationId) => writePolicy(await resolution.policy(applicationId)),
      put: async (applicationId, document) => {
        const policy = readPolicy(document);
        await resolution.setPolicy(applicationId, policy);
        return writePolicy(policy);
      },
    },
    // The same rate gives the same plan, here and on the command line.
    planning: { plan: planSteps, madeUp: (rate) => madeUpOrders(rate, seededRandom(1)) },
    // Nobody is called: what a backend would be asked is answered from what is kept, or asked without keeping anything.
    explain: (question, askBackend) => resolver.resolve(question, askBackend ? 'probe' : 'cached'),
  };
}
