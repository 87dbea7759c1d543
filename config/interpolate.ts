/**
 * `${NAME}` and `${NAME:-default}` in the configuration. Done after YAML is read, so that a value of the environment
 * can never be YAML; an empty variable counts as absent.
 */
import { ConfigError } from '../src/core/errors.js';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Stands where a variable is absent. It fails every schema of a string, so that only what an enabled channel really
 * reads is demanded, and it throws rather than become a text.
 */
export class MissingSecret {
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
  }

  [Symbol.toPrimitive](): never {
    throw new ConfigError([`the environment variable ${this.names.join(', ')} is not set`]);
  }
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** A copy of a parsed YAML document with every reference in its strings resolved. */
export function interpolate(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return interpolateText(value, variables);
  if (Array.isArray(value)) return value.map((item) => interpolate(item, variables));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item, variables)]));
}

function interpolateText(text: string, variables: Variables): string | MissingSecret {
  const missing: string[] = [];
  const resolved = text.replaceAll(REFERENCE, (_, name: string, fallback: string | undefined) => {
    const value = variables[name] || fallback;
    if (value === undefined) missing.push(name);
    return value ?? '';
  });
  return missing.length > 0 ? new MissingSecret(missing) : resolved;
}

/** Names that a document demands: those without a default. Sorted, each once. */
export function secretNames(value: unknown): string[] {
  const names = new Set<string>();
  const visit = (item: unknown): void => {
    if (typeof item === 'string') {
      for (const [, name, fallback] of item.matchAll(REFERENCE)) {
        if (name !== undefined && fallback === undefined) names.add(name);
      }
    } else if (Array.isArray(item)) item.forEach((one) => visit(one));
    else if (isRecord(item)) Object.values(item).forEach((one) => visit(one));
  };
  visit(value);
  return [...names].sort();
}

export interface Missing {
  readonly path: readonly string[];
  readonly names: readonly string[];
}

/** Every absent secret in a value, with where it stands. */
export function missingBelow(value: unknown, path: readonly string[] = []): Missing[] {
  if (value instanceof MissingSecret) return [{ path, names: value.names }];
  if (Array.isArray(value))
    return value.flatMap((item, index) => missingBelow(item, [...path, String(index)]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => missingBelow(item, [...path, key]));
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (at instanceof MissingSecret) return at;
    if (typeof at !== 'object' || at === null) return undefined;
    const next: unknown = Reflect.get(at, key);
    at = next;
  }
  return at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
