/** Reads a request through its schema; what does not fit becomes a problem that names the field. */
import type { z } from 'zod';
import { storableValue } from '../../intake/storable.js';
import { Problem } from '../problem.js';

/** @param status 400 for a query, 422 for a body that is JSON but not what is asked for. */
export function validate<T extends z.ZodType>(schema: T, value: unknown, status: 400 | 422): z.infer<T> {
  // Nothing is refused for characters that PostgreSQL cannot hold (ADR 0006).
  const result = schema.safeParse(storableValue(value));
  if (result.success) return result.data;
  const errors = result.error.issues
    .slice(0, 20)
    .map((issue) => ({ field: fieldOf(issue), detail: issue.message }));
  const first = errors[0];
  throw new Problem(status, {
    code: 'invalid',
    detail: first === undefined ? 'The request is not valid.' : `${first.field || 'body'}: ${first.detail}`,
    members: { field: first?.field ?? '', errors },
  });
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') path.push(String(issue.keys[0]));
  return path.join('.');
}
