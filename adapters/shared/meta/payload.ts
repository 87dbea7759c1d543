/** Reading of JSON that came from outside: nothing in it has the shape that it should have. */
import { UnparsableError, type LeftPart, type Parsed, type RawRequest } from '../../../src/core/channel.js';
import type { InboundEvent } from '../../../src/core/message.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Of a page that talks too much; the rest is in the envelope, which is kept whole. */
const MAX_PART_CHARACTERS = 64 * 1024;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member where it is an object; otherwise an empty one, of which nothing can be read. */
export function objectIn(value: unknown, name: string): JsonObject {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member) ? member : {};
}

/** The member where it is a list; otherwise nothing. */
export function listIn(value: unknown, name: string): readonly unknown[] {
  const member = isObject(value) ? value[name] : undefined;
  return Array.isArray(member) ? member : [];
}

/** The member where it is text, also empty text. */
export function textIn(value: unknown, name: string): string | undefined {
  const member = isObject(value) ? value[name] : undefined;
  return typeof member === 'string' ? member : undefined;
}

/** An id: text that is not empty. Test consoles write numbers; one that lost digits is no id. */
export function idIn(value: unknown, name: string): string | undefined {
  const member = isObject(value) ? value[name] : undefined;
  if (typeof member === 'number') return Number.isSafeInteger(member) ? String(member) : undefined;
  return typeof member === 'string' && member !== '' ? member : undefined;
}

export function numberIn(value: unknown, name: string): number | undefined {
  const member = isObject(value) ? value[name] : undefined;
  const number = typeof member === 'string' && member !== '' ? Number(member) : member;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/**
 * A time of Meta's in RFC 3339: seconds or milliseconds since 1970, or text like `2026-11-23T01:02:03+0000`.
 * Undefined where it is none.
 */
export function timeIn(value: unknown, name: string): string | undefined {
  const number = numberIn(value, name);
  // Ten digits are seconds until the year 2286.
  if (number !== undefined) return asTime(number < 1e11 ? number * 1000 : number);
  const text = textIn(value, name);
  return text === undefined ? undefined : asTime(Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')));
}

function asTime(ms: number): string | undefined {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined;
}

/** Throws UnparsableError where it is no JSON object. */
export function readJsonBody(request: RawRequest): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw new UnparsableError('the body is not JSON');
  }
  if (!isObject(body)) throw new UnparsableError('the body is not a JSON object');
  return body;
}

/** What is read of one part: events, or why there are none. */
export type PartOutcome =
  | { readonly events: readonly InboundEvent[]; readonly alsoRejected?: string }
  | { readonly ignored: string }
  | { readonly rejected: string };

/** Sorts the outcomes of parts into what the gateway is told. A part never spoils another. */
export class PartSorter {
  readonly #events: InboundEvent[] = [];
  readonly #ignored: LeftPart[] = [];
  readonly #rejected: LeftPart[] = [];

  /** `read` may throw: a part that trips our code is kept as not understood. */
  take(part: unknown, read: () => PartOutcome): void {
    const outcome = attempt(read);
    if ('events' in outcome) {
      this.#events.push(...outcome.events);
      if (outcome.alsoRejected !== undefined) this.#rejected.push(left(part, outcome.alsoRejected));
    } else if ('ignored' in outcome) this.#ignored.push(left(part, outcome.ignored));
    else this.#rejected.push(left(part, outcome.rejected));
  }

  result(): Parsed {
    return { events: this.#events, ignored: this.#ignored, rejected: this.#rejected };
  }
}

function attempt(read: () => PartOutcome): PartOutcome {
  try {
    return read();
  } catch (error) {
    return { rejected: `reading failed: ${error instanceof Error ? error.name : 'unknown'}` };
  }
}

function left(part: unknown, reason: string): LeftPart {
  return { part: (JSON.stringify(part) ?? 'undefined').slice(0, MAX_PART_CHARACTERS), reason };
}
