/** Errors of HTTP interfaces in one form: RFC 9457 `application/problem+json`. */
import { STATUS_CODES, type ServerResponse } from 'node:http';

export interface Problem {
  readonly status: number;
  /** For people; no personal data, no secret. */
  readonly detail?: string;
  /** Further headers of the answer (`Allow`, `Retry-After`). */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of a problem; `type` is `about:blank`, so that `title` is the phrase of the status. */
export function problemBody({ status, detail }: Problem): string {
  const title = STATUS_CODES[status] ?? 'Error';
  return JSON.stringify({ type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) });
}

/** Head and body of a problem, not yet ended: the caller decides when the connection may go. */
export function writeProblem(response: ServerResponse, problem: Problem, close: boolean): void {
  const body = problemBody(problem);
  response.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    ...problem.headers,
    ...(close ? { connection: 'close' } : {}),
  });
  response.write(body);
}

/** How long and how much of an unwanted body is read before the connection is cut. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Answers with a problem. Where the request's body is still coming, the rest is read and thrown away for a moment:
 * closing at once would reset the connection, and the client would see that instead of the answer.
 */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent || response.destroyed) return;
  const request = response.req;
  const isWhole =
    request.complete || !('content-length' in request.headers || 'transfer-encoding' in request.headers);
  writeProblem(response, problem, !isWhole);
  if (isWhole) {
    response.end();
    return;
  }
  let seen = 0;
  const finish = () => {
    clearTimeout(timer);
    request.removeAllListeners('data');
    response.end();
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen > LINGER_BYTES) finish();
  });
  request.once('end', finish).once('close', finish).resume();
}
