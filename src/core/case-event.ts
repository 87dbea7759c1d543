/** The append-only timeline of a case, chained by hashes, so that a change of the past shows. */
import { hash } from 'node:crypto';

/** Codes, ids, numbers: never citizens' text or addresses, so that the chain survives an erasure. */
export type EventValue = string | number | boolean | null | readonly EventValue[] | EventData;
export interface EventData {
  readonly [key: string]: EventValue;
}

export interface CaseEvent {
  /** 1, 2, 3 … within the case. */
  readonly seq: number;
  /** `opened`, `moved`, `message_in`, `message_out` … */
  readonly kind: string;
  /** `user:<id>`, `key:<id>`, `reporter`, `system`. */
  readonly actor: string;
  /** Millisecond precision: what the hash covers. */
  readonly at: Date;
  readonly data: EventData;
}

export interface ChainedEvent extends CaseEvent {
  readonly hash: Buffer;
}

/**
 * SHA-256 over the hash before it and the canonical JSON of the event (keys sorted at every level, as a
 * database's JSON type keeps no order). 32 bytes.
 * @param previous hash of the event before; null for the first.
 * @param data `canonicalJson` of the event's data, where it is at hand.
 */
export function chainHash(
  previous: Buffer | null,
  caseId: string,
  event: CaseEvent,
  data = canonicalJson(event.data),
): Buffer {
  // The hash before it goes in as text: one string, one native call, measured faster than a hash object.
  const before = previous === null ? '' : previous.toString('hex');
  return hash(
    'sha256',
    `["${before}",${JSON.stringify(caseId)},${event.seq},${JSON.stringify(event.kind)},${JSON.stringify(event.actor)},${event.at.getTime()},${data}]`,
    'buffer',
  );
}

/** JSON with keys sorted by code unit, absent values left out. */
export function canonicalJson(value: EventValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

// Array.isArray does not narrow readonly arrays.
function isList(value: readonly EventValue[] | EventData): value is readonly EventValue[] {
  return Array.isArray(value);
}

export type ChainVerdict =
  { readonly ok: true } | { readonly ok: false; readonly seq: number; readonly reason: 'gap' | 'hash' };

/** Checks a whole timeline, from seq 1, in order. Names the first event that is missing or was changed. */
export function verifyChain(caseId: string, events: readonly ChainedEvent[]): ChainVerdict {
  let previous: Buffer | null = null;
  for (const [index, event] of events.entries()) {
    const seq = index + 1;
    if (event.seq !== seq) return { ok: false, seq, reason: 'gap' };
    if (!chainHash(previous, caseId, event).equals(event.hash)) return { ok: false, seq, reason: 'hash' };
    previous = event.hash;
  }
  return { ok: true };
}
