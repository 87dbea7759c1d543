/** The end of every failed request: a problem document for programs, a page for people. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from '../../core/channel.js';
import { asProblem, notFound, problemDocument, type Problem } from '../problem.js';
import { ErrorPage } from './error-page.js';
import { frameOf, sendPage, type FrameBase } from './page.js';
import { visitOf } from './visit.js';

export function unknownAddress(): RequestHandler {
  return () => {
    throw notFound();
  };
}

export interface FailedRequest {
  readonly error: unknown;
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

export function answerError(failed: FailedRequest, frame: FrameBase, logger: Logger): void {
  const { error, request, response, next } = failed;
  const problem = asProblem(error);
  const { requestId } = visitOf(request);
  if (problem.status >= 500) logFailure(logger, requestId, request, problem);
  if (response.headersSent) {
    next(error);
    return;
  }
  response.set(problem.headers);
  if (wantsPage(request)) {
    const page = <ErrorPage frame={frameOf(request, frame)} problem={problem} requestId={requestId} />;
    sendPage(response, page, problem.status);
    return;
  }
  const instance = request.originalUrl.split('?', 1)[0] ?? '/';
  response
    .status(problem.status)
    .set({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    .send(Buffer.from(JSON.stringify(problemDocument(problem, instance, requestId))));
}

/** Neither the address nor the error's words: both may hold what a citizen wrote. */
function logFailure(logger: Logger, requestId: string, request: Request, problem: Problem): void {
  const cause = problem.cause;
  logger.error(
    {
      requestId,
      method: request.method,
      status: problem.status,
      error: cause instanceof Error ? cause.name : problem.code,
      stack: cause instanceof Error ? cause.stack?.split('\n').slice(1, 6).join('\n') : undefined,
    },
    'request failed',
  );
}

function wantsPage(request: Request): boolean {
  if (request.path.startsWith('/api/v1') || request.path.startsWith('/open311')) return false;
  return request.accepts(['application/json', 'html']) === 'html';
}
