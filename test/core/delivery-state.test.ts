import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { afterReport, type OutboxState, type ReportedState } from '../../src/core/delivery-state.js';

const reports: ReportedState[] = ['sent', 'delivered', 'failed', 'read'];

describe('afterReport', () => {
  test.each<[OutboxState, ReportedState, OutboxState]>([
    ['delivered', 'sent', 'delivered'],
    ['delivered', 'failed', 'delivered'],
    ['read', 'delivered', 'read'],
    ['sent', 'failed', 'failed'],
    ['failed', 'sent', 'failed'],
    ['failed', 'delivered', 'delivered'],
    ['sent', 'delivered', 'delivered'],
    ['delivered', 'read', 'read'],
    ...(['pending', 'sending', 'unknown'] as const).flatMap((state) =>
      reports.map((report): [OutboxState, ReportedState, OutboxState] => [state, report, report]),
    ),
  ])('%s, then a report of %s → %s', (current, report, expected) => {
    expect(afterReport(current, report)).toBe(expected);
  });

  test('the end is the same in every order and with every repeat, and a report changes it once', () => {
    const history = fc.array(fc.constantFrom(...reports), { minLength: 1, maxLength: 8 });
    const shuffled = history.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2, maxLength: list.length * 2 }),
      ),
    );
    const start = fc.constantFrom<OutboxState>('pending', 'sending', 'unknown', 'sent');
    const run = (from: OutboxState, list: readonly ReportedState[]) =>
      list.reduce<OutboxState>(afterReport, from);
    fc.assert(
      fc.property(start, shuffled, (from, [list, other]) => {
        const end = run(from, list);
        expect(run(from, other)).toBe(end);
        for (const report of list) expect(afterReport(end, report)).toBe(end);
      }),
    );
  });
});
