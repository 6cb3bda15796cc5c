import { ABSENT } from '../src/platform-api/absent.ts';
import type { Command } from '../src/platform-api/command.ts';
import { SUBJECTS } from '../src/platform-api/commands/index.ts';
import { PLATFORM_ERRORS } from '../src/platform-api/errors.ts';

const HEAD = `# Platform API

Generated from the commands by \`node script/generate-docs.ts\`.

Tools made for Voximplant reach a Maskline node at \`/platform_api/<Command>\` of its HTTP API: by GET or POST, with parameters in the URL, a form, a multipart form (files) or a flat JSON object; \`/platform_api?cmd=<Command>\` is the same. Whatever happens the HTTP status is 200: \`{"result": …}\`, or \`{"error": {"code": …, "msg": "…"}}\`.

## Who may ask

* \`api_key\` with \`account_id\`, \`account_name\` or \`account_email\`: an API key of \`maskline keys create\`. Put it into the body rather than the URL, which proxies log.
* \`Authorization: Bearer <token>\`, a JWT (RS256) of a service account: \`kid\` in the header, \`iss\` the number of the account, \`iat\`, and \`exp\` at most an hour later. \`maskline keys create --service-account … > credentials.json\` makes one and prints the file that the vendor's clients read (\`VOXIMPLANT_CREDENTIALS\`). The private half is shown there and kept nowhere. Tokens open the REST API, too: recordings are fetched with them.

The clients want HTTPS: put a TLS proxy in front of the node, and name its host to the client. \`GetAccountInfo\` tells the number of the account; its name and address are settings (\`platformApi\`). Scopes and the application of a key hold as everywhere; a number is masked for keys without \`numbers:read\`, which may not search by numbers either.

## What differs from the cloud

* **The settings file wins.** What it declares can be read and run, and is changed there alone (104). What it comes to declare later becomes the file's, under the same number. Rules of the API come after those of the file.
* A change is there for the next request to any node, for calls on this node at once, and on others within a second.
* Objects have numbers here and UUIDs elsewhere; \`sessionId\` of a script and \`/v1/calls\` is the UUID of what \`call_session_history_id\` numbers.
* Names of applications are shown in full (\`app.account.voximplant.com\`), since tools compare them so, and taken in short, too.
* User names are unique in the installation. Passwords have at least 6 characters; stronger rules are the client's.
* A parameter that would change the answer and is not here is refused (492) rather than overlooked. One that is marked “without effect” is taken.
* A scenario without an application is shared: rules of every application may run it.
* A list has at most 1000 entries per page; \`timezone\` of GetCallHistory is UTC unless it is given.
`;

/** `docs/reference/platform-api.md`. */
export function platformApiPage(): string {
  const subjects = Object.entries(SUBJECTS).map(
    ([subject, commands]) => `### ${subject}\n\n${commands.map(section).join('\n')}`,
  );
  const absent = Object.entries(ABSENT).map(
    ([reason, names]) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${reason} |`,
  );
  const errors = Object.entries(PLATFORM_ERRORS).map(([code, title]) => `| ${code} | ${cell(title)} |`);
  return [
    HEAD,
    '## Commands\n',
    ...subjects,
    '## Not here\n',
    'They are answered with 103, unknown command.\n',
    '| command | why |\n| --- | --- |',
    ...absent,
    '\n## Errors\n',
    'Of the [vendor’s list](https://voximplant.com/docs/references/httpapi/errors), these are answered.\n',
    '| code | message |\n| --- | --- |',
    ...errors,
    '',
  ].join('\n');
}

function section({ name, summary, scope, missing, page, params }: Command): string {
  const state = missing === undefined ? 'supported' : `partly: ${missing}`;
  const rows = Object.entries(params).map(([parameter, { type, required, note }]) => {
    const must = required ? 'yes' : '';
    return `| \`${parameter}\` | ${type} | ${must} | ${cell(note ?? '')} |`;
  });
  return [
    `#### [${name}](https://voximplant.com/docs/references/httpapi/${page})\n`,
    `${summary} Scope: ${scope === undefined ? 'any' : `\`${scope}\``}. **${state[0]?.toUpperCase()}${state.slice(1)}.**\n`,
    '| parameter | type | required | |\n| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
