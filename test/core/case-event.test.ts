import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import {
  canonicalJson,
  chainHash,
  verifyChain,
  type CaseEvent,
  type ChainedEvent,
} from '../../src/core/case-event.js';

const at = new Date('2026-11-23T08:00:00.123+09:00');
const event = (seq: number, data: CaseEvent['data'] = {}): CaseEvent => ({
  seq,
  kind: 'moved',
  actor: 'user:1',
  at,
  data,
});

function chain(caseId: string, events: readonly CaseEvent[]): ChainedEvent[] {
  const out: ChainedEvent[] = [];
  for (const one of events) out.push({ ...one, hash: chainHash(out.at(-1)?.hash ?? null, caseId, one) });
  return out;
}

describe('chainHash', () => {
  test('is SHA-256 of the canonical form, as others can compute it', () => {
    const first = chainHash(null, 'c1', event(1, { to: 'verified', from: 'received' }));
    const text = `["","c1",1,"moved","user:1",${at.getTime()},{"from":"received","to":"verified"}]`;
    expect(first.toString('hex')).toBe(createHash('sha256').update(text).digest('hex'));
    const second = chainHash(first, 'c1', event(2));
    const next = `["${first.toString('hex')}","c1",2,"moved","user:1",${at.getTime()},{}]`;
    expect(second.toString('hex')).toBe(createHash('sha256').update(next).digest('hex'));
  });

  test('does not depend on the order of keys, as a database keeps none', () => {
    const data = fc.dictionary(
      fc.string(),
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    );
    fc.assert(
      fc.property(data, (one) => {
        const turned = Object.fromEntries(Object.entries(one).toReversed());
        expect(chainHash(null, 'c', event(1, turned))).toEqual(chainHash(null, 'c', event(1, one)));
        expect(JSON.parse(canonicalJson(one))).toEqual(JSON.parse(JSON.stringify(one)));
      }),
    );
  });
});

describe('verifyChain', () => {
  const events = chain('c1', [event(1), event(2, { to: 'closed' }), event(3)]);

  test('holds for what was not touched, and for nothing', () => {
    expect(verifyChain('c1', events)).toEqual({ ok: true });
    expect(verifyChain('c1', [])).toEqual({ ok: true });
  });

  test('shows every change of a field', () => {
    const [first, second, third] = events;
    if (!first || !second || !third) throw new Error('three events');
    const changes: Partial<ChainedEvent>[] = [
      { kind: 'x' },
      { actor: 'user:2' },
      { at: new Date(at.getTime() + 1) },
      { data: { to: 'received' } },
      { hash: Buffer.alloc(32) },
    ];
    for (const change of changes) {
      expect(verifyChain('c1', [first, { ...second, ...change }, third])).toEqual({
        ok: false,
        seq: 2,
        reason: 'hash',
      });
    }
    expect(verifyChain('c2', events)).toEqual({ ok: false, seq: 1, reason: 'hash' });
  });

  test('shows an event that was taken out, added again or moved', () => {
    const [first, second, third] = events;
    if (!first || !second || !third) throw new Error('three events');
    expect(verifyChain('c1', [first, third])).toEqual({ ok: false, seq: 2, reason: 'gap' });
    expect(verifyChain('c1', [second, third])).toEqual({ ok: false, seq: 1, reason: 'gap' });
    expect(verifyChain('c1', [first, { ...third, seq: 2 }])).toEqual({ ok: false, seq: 2, reason: 'hash' });
    expect(verifyChain('c1', [first, first])).toEqual({ ok: false, seq: 2, reason: 'gap' });
  });
});
