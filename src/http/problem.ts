/** Errors of the HTTP application, and RFC 9457 problem documents for those who asked for JSON. */
import { STATUS_CODES } from 'node:http';

export interface ProblemOptions {
  /** Stable, lower-case with hyphens: the last part of `type`. */
  readonly code: string;
  /** For the developer on the other side, English; never a citizen's text. */
  readonly detail: string;
  /** Further members of the document, e.g. `field`. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown anywhere in a handler; becomes a problem document or an HTML page. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, options: ProblemOptions) {
    super(options.detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = options.code;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

/** RFC 9457, section 3.1. `requestId` lets an operator find the log line of it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly requestId: string;
  readonly [member: string]: unknown;
}

export function problemDocument(problem: Problem, instance: string, requestId: string): ProblemDocument {
  return {
    ...problem.members,
    type: `/api/docs#problem-${problem.code}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    instance,
    requestId,
  };
}

export const notFound = (detail = 'There is nothing at this address.') =>
  new Problem(404, { code: 'not-found', detail });

export const forbidden = (detail: string) => new Problem(403, { code: 'forbidden', detail });

/** A request that is not readable: `field` names the parameter or the property. */
export const badRequest = (detail: string, field?: string) =>
  new Problem(400, { code: 'bad-request', detail, ...(field === undefined ? {} : { members: { field } }) });

/** Any thrown thing as a Problem. What is not ours becomes a 500 that tells nothing of the inside. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return (
    fromBodyParser(error) ??
    new Problem(500, { code: 'internal', detail: 'Something failed here.', cause: error })
  );
}

/** body-parser marks its errors with `type` and `status`: https://github.com/expressjs/body-parser#errors */
function fromBodyParser(error: unknown): Problem | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  const kind = 'type' in error ? String(error.type) : '';
  if (error.status === 413) {
    return new Problem(413, { code: 'too-large', detail: 'The request is larger than is taken here.' });
  }
  if (kind === 'entity.parse.failed') return badRequest('The body is not valid JSON.');
  if (error.status === 415)
    return new Problem(415, { code: 'media-type', detail: 'This encoding is not understood.' });
  if (error.status >= 400 && error.status < 500) return badRequest('The request cannot be read.');
  return null;
}
