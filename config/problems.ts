/** Turns what zod finds into lines for a person: the key and the kind of fault, never a value. */
import type { z } from 'zod';
import { missingBelow, valueAt } from './interpolate.js';

/**
 * One line per fault. Values, and messages of schemas (they may quote one), are left out.
 * @param prefix file or key that the paths are below, e.g. `ambon.yaml`.
 * @param input what was parsed: where an absent secret stands in it, its environment variable is named.
 */
export function problemsOf(error: z.ZodError, prefix: string, input: unknown): string[] {
  const lines = flatten(error.issues, []).flatMap((fault) => {
    const { path } = fault;
    const absent = missingBelow(valueAt(input, path));
    if (absent.length > 0) return absent.map((one) => absentLine(prefix, [...path, ...one.path], one.names));
    const words = valueAt(input, path) === undefined ? 'is missing' : fault.words;
    return [`${keyOf(prefix, path)}: ${words}`];
  });
  return [...new Set(lines)];
}

export function absentLine(prefix: string, path: readonly PropertyKey[], names: readonly string[]): string {
  return `${keyOf(prefix, path)}: the environment variable ${names.join(', ')} is not set`;
}

export function keyOf(prefix: string, path: readonly PropertyKey[]): string {
  return [prefix, ...path.map(String)].filter((part) => part !== '').join('.');
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly words: string;
}

function flatten(issues: readonly z.core.$ZodIssue[], base: readonly PropertyKey[]): Fault[] {
  return issues.flatMap((issue): Fault[] => {
    const path = [...base, ...issue.path];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      // The branch with the fewest faults is the one that was most likely meant.
      const [closest] = [...issue.errors].sort((a, b) => a.length - b.length);
      return flatten(closest ?? [], path);
    }
    return [{ path, words: wordsOf(issue) }];
  });
}

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'unrecognized_keys':
      return `has unknown keys (${issue.keys.join(', ')})`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be at least ${String(issue.minimum)}${lengthWord(issue.origin)}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}${lengthWord(issue.origin)}`;
    case 'invalid_format':
      return `has not the form of ${/^(regex|template_literal)$/.test(issue.format) ? 'this key' : issue.format}`;
    case 'custom':
      // Words that a schema gives as parameter are its author's own, fixed ones: they quote no value.
      return typeof issue.params?.['words'] === 'string' ? issue.params['words'] : 'is not valid';
    default:
      return 'is not valid';
  }
}

function lengthWord(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' || origin === 'set' || origin === 'map' ? ' entries long' : '';
}
