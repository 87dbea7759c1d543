/** What a refusal of the case store is over HTTP. */
import { Refusal, type RefusalCode } from '../case-desk.js';
import { Problem } from '../problem.js';

const STATUS: Readonly<Record<RefusalCode, number>> = {
  unknown_action: 404,
  not_allowed_from: 409,
  role: 403,
  missing_field: 422,
  no_opd: 409,
  unknown_opd: 422,
  unknown_channel: 422,
  not_found: 404,
  version: 412,
  idempotency_mismatch: 422,
  bad_cursor: 400,
};

/** Throws on what is no refusal. */
export function refusalProblem(error: unknown): Problem {
  if (!(error instanceof Refusal)) throw error;
  return new Problem(STATUS[error.code], {
    code: error.code.replaceAll('_', '-'),
    detail: error.message,
    members: error.field === undefined ? {} : { field: error.field },
    cause: error,
  });
}

/** Runs work of the case store and turns its refusals into problems. */
export async function orProblem<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalProblem(error);
  }
}
