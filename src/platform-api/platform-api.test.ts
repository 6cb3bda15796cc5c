/**
 * The platform API on a real database, without a socket: how requests come in, who may send them, and each command's happy
 * path and bad parameters. What is expected of them is what the vendor's pages say:
 * voximplant.com/docs/references/httpapi/{applications,rules,scenarios,users,phonenumbers,keyvaluestorage,history,calllists},
 * …/httpapi/errors for the codes, and voximplant.com/docs/guides/managementapi/jwt for tokens.
 */
import { afterAll, beforeAll } from 'vitest';
import { Given } from './test-support/given.ts';
import { account } from './test-support/suites/account.ts';
import { apiKeys } from './test-support/suites/api-keys.ts';
import { applications } from './test-support/suites/applications.ts';
import { callLists } from './test-support/suites/call-lists.ts';
import { history } from './test-support/suites/history.ts';
import { hostile } from './test-support/suites/hostile.ts';
import { keyValues } from './test-support/suites/key-values.ts';
import { phoneNumbers } from './test-support/suites/phone-numbers.ts';
import { requests } from './test-support/suites/requests.ts';
import { rulesAndScenarios } from './test-support/suites/rules-and-scenarios.ts';
import { serviceAccounts } from './test-support/suites/service-accounts.ts';
import { sessions } from './test-support/suites/sessions.ts';
import { takenOver } from './test-support/suites/taken-over.ts';
import { users } from './test-support/suites/users.ts';

const given = new Given();
beforeAll(() => given.open(), 60_000);
afterAll(() => given.close());

applications(given);
rulesAndScenarios(given);
sessions(given);
users(given);
phoneNumbers(given);
keyValues(given);
history(given);
callLists(given);
account(given);
requests(given);
apiKeys(given);
serviceAccounts(given);
hostile(given);
// Last: it takes the applications of the world away.
takenOver(given);
