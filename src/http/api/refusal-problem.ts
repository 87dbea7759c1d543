/** What a refusal of the case store is over HTTP. */
import { MoveRefused } from '../../cases/moves.js';
import { EntryRefused } from '../../cases/open-manually.js';
import { BadCursor } from '../../cases/queries.js';
import { badRequest, Problem } from '../problem.js';

const STATUS: Readonly<Record<MoveRefused['code'] | EntryRefused['code'], number>> = {
  unknown_action: 404,
  not_allowed_from: 409,
  role: 403,
  missing_field: 422,
  no_opd: 409,
  unknown_opd: 422,
  unknown_channel: 422,
  not_found: 404,
  version: 412,
  files_not_taken: 422,
  no_files: 422,
  too_many_files: 422,
  files_too_large: 422,
  empty_file: 422,
  not_conveyed: 409,
  cannot_reply: 409,
  idempotency: 422,
};

/** Throws on what is no refusal. */
export function refusalProblem(error: unknown): Problem {
  if (error instanceof BadCursor) return badRequest(error.message, 'cursor');
  if (error instanceof Problem) return error;
  if (!(error instanceof MoveRefused) && !(error instanceof EntryRefused)) throw error;
  const field = error instanceof MoveRefused ? error.field : FIELD[error.code];
  return new Problem(STATUS[error.code], {
    code: error.code.replaceAll('_', '-'),
    detail: error.message,
    members: field === undefined ? {} : { field },
    cause: error,
  });
}

const FIELD = { unknown_channel: 'channelId', idempotency: 'Idempotency-Key' } as const;

/** Runs work of the case store and turns its refusals into problems. */
export async function orProblem<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalProblem(error);
  }
}
