import { PhoneNumber } from '../../kernel/phone-number.ts';
import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import {
  applicationParams,
  findApplication,
  fullName,
  needApplication,
  numbersOf,
  pageOf,
  visibleApplications,
  visiblePhones,
} from '../objects.ts';
import {
  flag,
  forbidden,
  type IdList,
  ids,
  ignored,
  line,
  list,
  otherwise,
  paging,
  required,
} from '../params.ts';
import type { PlatformPhone } from '../ports.ts';
import { takenAs } from '../storage-errors.ts';
import { writeTime } from '../time.ts';

const page = 'phonenumbers';
const named = { phone_id: ids(181), phone_number: list(121) };
const noShop = 'numbers come over trunks of yours; there is no shop';
const missing = 'only numbers that a trunk of yours brings; no rule of its own for a number';

export const phoneNumbers = [
  command({
    name: 'AttachPhoneNumber',
    summary:
      'Notes service numbers that a trunk brings. They are used once they are bound to an application.',
    scope: 'numbers:write',
    wholeAccount: true,
    page,
    missing,
    params: {
      phone_number: required(list(121)),
      country_code: ignored(noShop),
      phone_category_name: ignored(noShop),
      phone_region_id: ignored(noShop),
      phone_count: ignored(noShop),
      country_state: ignored(noShop),
      regulation_address_id: ignored(noShop),
    },
    run: async (context, args) => {
      const numbers = args.phone_number.map(readNumber);
      const made = await takenAs(335, () => context.directory.addPhones(numbers));
      const number = await numbersOf(context, 'phone', made);
      return {
        result: 1,
        phone_numbers: made.map((phone, at) => ({
          phone_id: number(phone),
          phone_number: show(context, numbers[at]),
        })),
      };
    },
  }),

  command({
    name: 'BindPhoneNumberToApplication',
    summary: 'Gives service numbers to an application, or takes them away: calls to them run its rules.',
    scope: 'numbers:write',
    page,
    missing,
    params: {
      ...named,
      ...applicationParams,
      rule_id: forbidden('rules match the dialled number by their patterns'),
      rule_name: forbidden('rules match the dialled number by their patterns'),
      bind: otherwise(flag(), true),
    },
    run: async (context, args) => {
      const application = args.bind
        ? await needApplication(context, args)
        : await findApplication(context, args);
      const found = await needPhones(context, args);
      if (
        !args.bind &&
        application !== undefined &&
        found.some((one) => one.applicationId !== application.id)
      ) {
        throw new PlatformError(181);
      }
      await context.directory.bindPhones(
        found.map((one) => one.id),
        args.bind ? application?.id : undefined,
      );
      return { result: 1 };
    },
  }),

  command({
    name: 'DeactivatePhoneNumber',
    summary: 'Forgets service numbers.',
    scope: 'numbers:write',
    page,
    params: named,
    run: async (context, args) => {
      const found = await needPhones(context, args);
      await context.directory.removePhones(found.map((one) => one.id));
      return { result: 1 };
    },
  }),

  command({
    name: 'GetPhoneNumbers',
    summary: 'Service numbers and the applications that hold them.',
    scope: 'numbers:read',
    page,
    missing: 'nothing of prices, renewals, verification and SMS',
    params: {
      ...named,
      ...applicationParams,
      is_bound_to_application: flag(),
      phone_template: line({ note: 'a part of the number; `_` is any one digit, `%` any' }),
      rule_id: forbidden('rules match the dialled number by their patterns'),
      rule_name: forbidden('rules match the dialled number by their patterns'),
      is_bound_to_rule: forbidden('rules match the dialled number by their patterns', ['false', '0']),
      child_account_id: forbidden('there are no child accounts'),
      ...paging,
    },
    run: async (context, args) => {
      const application = await findApplication(context, args);
      const all =
        args.phone_id === undefined && args.phone_number === undefined
          ? await visiblePhones(context)
          : await needPhones(context, args);
      const matches = template(args.phone_template);
      const matching = all.filter(
        (one) =>
          (application === undefined || one.applicationId === application.id) &&
          (args.is_bound_to_application === undefined ||
            args.is_bound_to_application === (one.applicationId !== undefined)) &&
          matches(show(context, one.number)),
      );
      const { items, ...counts } = pageOf(matching, args);
      return { result: await views(context, items), ...counts };
    },
  }),

  command({
    name: 'IsAccountPhoneNumber',
    summary: 'Whether a number is a service number of this installation.',
    scope: 'numbers:read',
    page,
    params: { phone_number: required(line({ code: 121 })) },
    run: async (context, args) => {
      const asked = readNumber(args.phone_number);
      return { result: (await visiblePhones(context)).some((one) => one.number.equals(asked)) };
    },
  }),
];

/** Numbers are written without the plus sign there, and taken with or without it. */
function readNumber(given: string): PhoneNumber {
  const number = PhoneNumber.parse(given.startsWith('+') ? given : `+${given}`);
  if (!number.isE164) throw new PlatformError(121);
  return number;
}

function show({ views: shown }: Context, number: PhoneNumber | undefined): string {
  return number === undefined ? '' : shown.number(number).replace(/^\+/, '');
}

async function needPhones(
  context: Context,
  asked: { readonly phone_id: IdList | undefined; readonly phone_number: readonly string[] | undefined },
): Promise<readonly PlatformPhone[]> {
  const all = await visiblePhones(context);
  const { phone_id, phone_number } = asked;
  if (phone_id === 'all') return all;
  const refs = await context.ids.refs('phone', phone_id ?? []);
  const numbers = phone_number?.map(readNumber);
  const found =
    phone_id === undefined
      ? (numbers ?? []).map((number) => all.find((one) => one.number.equals(number)))
      : phone_id.map((number) => all.find((one) => one.id === refs.get(number)));
  if (found.length === 0) throw new PlatformError(181);
  return found.map((one) => {
    if (one === undefined) throw new PlatformError(181);
    return one;
  });
}

async function views(context: Context, shown: readonly PlatformPhone[]) {
  const number = await numbersOf(
    context,
    'phone',
    shown.map((one) => one.id),
  );
  const applications = new Map((await visibleApplications(context)).map((one) => [one.id, one]));
  const application = await numbersOf(context, 'application', [...applications.keys()]);
  return shown.map((one) => {
    const owner = one.applicationId === undefined ? undefined : applications.get(one.applicationId);
    return {
      phone_id: number(one.id),
      phone_number: show(context, one.number),
      phone_purchase_date: writeTime(one.createdAt),
      deactivated: false,
      canceled: false,
      can_be_used: true,
      is_sms_supported: false,
      is_sms_enabled: false,
      ...(owner === undefined
        ? {}
        : { application_id: application(owner.id), application_name: fullName(context, owner.name) }),
    };
  });
}

function template(pattern: string | undefined): (number: string) => boolean {
  if (pattern === undefined) return () => true;
  // Anchored by what it contains, and without any repetition of a repetition.
  const parts = pattern.replace(/%+/g, '%').slice(0, 64).split('%');
  if (parts.length > 4) throw new PlatformError(496, { parameter: 'phone_template' });
  const source = parts.map((part) => part.replace(/[^\w]/g, '\\$&').replaceAll('_', '.')).join('.*');
  const expression = new RegExp(source);
  return (number) => expression.test(number);
}
