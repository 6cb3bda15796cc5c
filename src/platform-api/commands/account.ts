import { command } from '../command.ts';
import { applicationParams, findApplication } from '../objects.ts';
import { ignored, paging } from '../params.ts';

/** Lists that are empty as long as there is no contact centre. */
const empty = (name: string, page: string) =>
  command({
    name,
    summary: 'Nothing: there is no contact centre.',
    scope: 'users:read',
    page,
    missing: 'there is no contact centre',
    params: { ...applicationParams, ...paging },
    run: async (context, args) => {
      await findApplication(context, args);
      return { result: [], total_count: 0, count: 0 };
    },
  });

export const account = [
  command({
    name: 'GetAccountInfo',
    summary: 'The one account of the installation.',
    page: 'accounts',
    missing: 'nothing of money, notifications and addresses',
    params: { return_live_balance: ignored('there are no balances') },
    run: async ({ account: one, publicUrl }) => ({
      result: {
        account_id: one.id,
        account_name: one.name,
        account_email: one.email,
        created: one.created,
        active: true,
        frozen: false,
      },
      api_address: publicUrl().replace(/^https?:\/\//, ''),
    }),
  }),
  empty('GetQueues', 'queues'),
  empty('GetSkills', 'skills'),
  empty('SQ_GetQueues', 'smartqueues'),
  empty('SQ_GetSkills', 'smartqueues'),
  empty('SQ_GetAgents', 'smartqueues'),
];
