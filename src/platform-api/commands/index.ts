import type { Command } from '../command.ts';
import { account } from './account.ts';
import { applications } from './applications.ts';
import { callListTasks } from './call-list-tasks.ts';
import { callLists } from './call-lists.ts';
import { history } from './history.ts';
import { keyValues } from './key-values.ts';
import { phoneNumbers } from './phone-numbers.ts';
import { rules } from './rules.ts';
import { scenarios } from './scenarios.ts';
import { sessions } from './sessions.ts';
import { users } from './users.ts';

/** All commands by subject, in the order of the reference. */
export const SUBJECTS: Readonly<Record<string, readonly Command[]>> = {
  Accounts: account,
  Applications: applications,
  Rules: rules,
  Scenarios: scenarios,
  Sessions: sessions,
  Users: users,
  'Phone numbers': phoneNumbers,
  'Key-value storage': keyValues,
  'Call history': history,
  'Call lists': [...callLists, ...callListTasks],
};

export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.values(SUBJECTS).flatMap((commands) => commands.map((one) => [one.name, one] as const)),
);
