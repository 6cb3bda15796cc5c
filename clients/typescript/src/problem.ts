import type { Problem } from './schema.ts';

/** Code of an answer that a node did not give. */
export const NOT_MASKLINE = 'client/not-maskline';

/** A request that the node refused or failed at, as its problem document (RFC 9457) tells. */
export class MasklineProblem extends Error {
  override readonly name = 'MasklineProblem';
  /** HTTP status. */
  readonly status: number;
  /** Names the failure, such as `masking/no-number`: what a program decides by. docs/reference/http.md lists them. */
  readonly code: string;
  /** What happened, for people. Holds no telephone number. */
  readonly detail: string;
  /** What to do. */
  readonly hint: string;
  /** Whether the same request may be sent again without doing anything twice. */
  readonly retryable: boolean;
  /** Stands in the log of the node. */
  readonly requestId: string;
  /** Which fields of the request are wrong, such as `body/parties/1/number`. */
  readonly fields: readonly { readonly name: string; readonly message: string }[];

  constructor(problem: Problem) {
    const { status, code, detail, hint, retryable, requestId, fields = [] } = problem;
    super(
      [`${detail} (${code})`, ...fields.map(({ name, message }) => `${name}: ${message}`), hint].join(' '),
    );
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.hint = hint;
    this.retryable = retryable;
    this.requestId = requestId;
    this.fields = fields;
  }
}

/** No answer came: the node is away, the network is, or it took too long. `cause` has the reason. */
export class MasklineUnreachable extends Error {
  override readonly name = 'MasklineUnreachable';

  constructor(reason: string, cause: unknown) {
    super(`Maskline does not answer: ${reason}`, { cause });
  }
}

/**
 * The problem of an answer. A proxy before the node may answer in its own words; then there is a problem of ours, which says
 * so and quotes nothing.
 */
export async function problemOf(response: Response): Promise<MasklineProblem> {
  const { status, headers } = response;
  const body: unknown = await response.json().catch(() => undefined);
  if (headers.get('content-type')?.startsWith('application/problem+json') === true && isProblem(body))
    return new MasklineProblem(body);
  return new MasklineProblem({
    type: 'about:blank',
    title: 'Error',
    status,
    code: NOT_MASKLINE,
    detail: `The answer has the status ${status} and is no problem document.`,
    hint: 'Look whether the URL is that of a Maskline node, and what stands before it.',
    retryable: status === 429 || status === 502 || status === 503 || status === 504,
    requestId: '',
  });
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, detail, hint, status } = value as Partial<Record<keyof Problem, unknown>>;
  return [code, detail, hint].every((text) => typeof text === 'string') && typeof status === 'number';
}
