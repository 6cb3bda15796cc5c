/** What an application is declared with. */
import Type from 'typebox';
import { FenceSchema } from './fence-schema.ts';
import { section } from './section.ts';

export const UserSchema = section(
  {
    name: Type.String({ minLength: 1, pattern: '^[A-Za-z0-9_.-]+$', description: 'SIP user name.' }),
    password: Type.String({ minLength: 4, description: 'SIP password; only digests of it are stored.' }),
    number: Type.Optional(
      Type.String({
        description:
          'Telephone number of the account: calls to it ring the account, calls from it show it to scripts.',
      }),
    ),
  },
  'A SIP account for a softphone or an operator.',
);

export const RuleSchema = section(
  {
    name: Type.String({ minLength: 1, description: 'Unique within the application.' }),
    pattern: Type.String({
      default: '.*',
      maxLength: 512,
      description: 'Regular expression that the whole dialled number must match.',
    }),
    scenarios: Type.Array(Type.String(), {
      minItems: 1,
      description: 'Names of scenarios; several run in order in one context.',
    }),
    customData: Type.String({
      default: '',
      maxLength: 65536,
      description: 'What VoxEngine.customData() gives.',
    }),
  },
  'Which scenarios a dialled number starts. The first rule that matches wins.',
);

export const ApplicationSchema = section(
  {
    name: Type.String({ minLength: 1, pattern: '^[A-Za-z0-9_.-]+$', description: 'Unique name.' }),
    numbers: Type.Array(Type.String(), {
      default: [],
      description: 'Service numbers that the application holds, in E.164.',
    }),
    verifiedNumbers: Type.Array(Type.String(), {
      default: [],
      description: 'Numbers of your own that were verified and may be shown, too.',
    }),
    fence: FenceSchema,
    users: Type.Array(UserSchema, { default: [], description: 'SIP accounts.' }),
    scenarios: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'Scenario name → file, relative to the settings file.',
    }),
    rules: Type.Array(RuleSchema, { default: [], description: 'In order.' }),
    masking: Type.Boolean({
      default: false,
      description:
        'Calls that no rule takes are joined by the masking service: the scenario `masking`, which comes with Maskline, or a script of your own under that name in `scenarios`. Off: such calls get 404.',
    }),
  },
  'What a customer runs: numbers, accounts, scenarios, rules.',
);

/** Name of the scenario, and of the rule, that an application with `masking` has. */
export const MASKING_SCENARIO = 'masking';
