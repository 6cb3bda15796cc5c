/**
 * The errors of the platform API that we answer with, by their numbers; voximplant.com/docs/references/httpapi/errors
 * lists them all. `%s` is the parameter that is wrong.
 */
export const PLATFORM_ERRORS = {
  2: 'Internal error',
  4: 'DB error',
  100: 'Authorization failed',
  101: 'Invalid arguments',
  102: "Missing 'cmd' parameter",
  103: 'Unknown command',
  104: 'Forbidden command',
  107: 'Invalid application name',
  108: 'Exceeded the application count limit per account',
  109: 'Exceeded the user count limit per account',
  111: 'Invalid date format',
  112: 'The password must be at least 6 characters long',
  116: "The 'application_id' parameter is invalid",
  117: "The 'user_id' parameter is invalid",
  118: 'The user name is not unique',
  121: 'Invalid phone number',
  122: 'The user name should start with a letter or digit and can contain latin characters, digits, hyphen and underscore',
  123: 'Invalid date range',
  129: 'Application name is not unique',
  130: 'The script text is too long',
  132: "The 'scenario_id' parameter is invalid",
  133: 'The scenario name is not unique',
  147: "The 'rule_id' parameter is invalid",
  148: "The 'rule_pattern' parameter is invalid",
  149: "The 'rule_pattern_exclude' parameter is invalid",
  150: "The 'call_session_history_id' parameter is invalid",
  156: "The 'rule_name' parameter is invalid",
  157: "The 'user_display_name' parameter is invalid",
  162: 'try later..',
  168: "The 'scenario_name' parameter is invalid",
  175: "The 'rule_name' is not unique",
  181: "The 'phone_id' parameter is invalid",
  212: "The 'user_custom_data' parameter length must be less than 8192",
  247: "The 'priority' parameter is invalid",
  248: "The 'max_simultaneous' parameter is invalid",
  249: "The 'num_attempts' parameter is invalid",
  250: 'Invalid CSV file',
  253: "The 'name' parameter is invalid",
  255: "The 'list_id' parameter is invalid",
  269: "The 'conference_name' parameter is invalid",
  335: 'Phone number already exists',
  340: 'Rate limit exceed',
  375: 'No scenario is bound to the rule',
  418: 'The scenario count limit is exceeded',
  419: 'The scenario count limit per rule is exceeded',
  428: "Invalid status. Possible values are 'in progress', 'canceled' and 'completed'",
  433: 'Invalid key id.',
  447: 'Invalid token format.',
  454: 'The token TTL exceeds the maximum limit.',
  455: 'Token issued in the future.',
  456: 'The token has expired.',
  485: "Specify the '%s' parameter",
  492: "The '%s' parameter is forbidden.",
  496: "The '%s' parameter is invalid.",
} as const;

export type PlatformErrorCode = keyof typeof PLATFORM_ERRORS;

export interface PlatformErrorDetails {
  /** The parameter that is wrong. */
  readonly parameter?: string;
  /** What in particular, for people; never a number or a secret. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A failure that the client is told: `{"error":{"code":…,"msg":…}}` with HTTP status 200, as the cloud answers. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly code: PlatformErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: PlatformErrorCode, details: PlatformErrorDetails = {}, options?: ErrorOptions) {
    const { parameter = '', detail } = details;
    const title = PLATFORM_ERRORS[code].replace('%s', parameter);
    super(detail === undefined ? title : `${title.replace(/\.$/, '')}: ${detail}`, options);
    this.code = code;
    this.headers = details.headers ?? {};
  }
}
