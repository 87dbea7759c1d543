import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ChannelError, type ChannelErrorCode } from '../../src/core/channel-error.js';
import { backoffMs, verdictOf, rerunPauseMs } from '../../src/core/retry-policy.js';

const firstAt = new Date('2026-11-23T00:00:00Z');
const at = (ms: number) => new Date(firstAt.getTime() + ms);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const middle = () => 0.5;
const codes: ChannelErrorCode[] = [
  'config',
  'connection',
  'throttled',
  'rejected',
  'not_permitted',
  'opted_out',
  'bad_response',
];

describe('verdictOf', () => {
  test('what may have been sent is never sent again blindly', () => {
    for (const code of codes) {
      for (const retry of ['never', 'backoff', { afterMs: 5_000 }] as const) {
        const error = new ChannelError(code, 'x', { retry, certainty: 'unknown' });
        expect(verdictOf(error, { number: 1, firstAt }, at(0), middle)).toEqual({ state: 'unknown' });
      }
    }
    for (const error of [new TypeError('x'), 'x', undefined]) {
      expect(verdictOf(error, { number: 1, firstAt }, at(0), middle)).toEqual({ state: 'unknown' });
    }
  });

  test.each(codes.filter((code) => code !== 'config'))(
    '%s with the verdict never fails at once, with its code',
    (code) => {
      const error = new ChannelError(code, 'x', { retry: 'never' });
      expect(verdictOf(error, { number: 1, firstAt }, at(0), middle)).toEqual({ state: 'failed', code });
    },
  );

  test('backs off, and gives up after 24 hours', () => {
    const error = new ChannelError('connection', 'x', { retry: 'backoff' });
    expect(verdictOf(error, { number: 1, firstAt }, at(0), middle)).toEqual({
      state: 'pending',
      afterMs: 1_500,
    });
    expect(verdictOf(error, { number: 4, firstAt }, at(0), middle)).toEqual({
      state: 'pending',
      afterMs: 12_000,
    });
    expect(verdictOf(error, { number: 99, firstAt }, at(24 * HOUR - 1), middle)).toMatchObject({
      state: 'pending',
    });
    expect(verdictOf(error, { number: 2, firstAt }, at(24 * HOUR), middle)).toEqual({
      state: 'failed',
      code: 'connection',
    });
  });

  test.each([
    [30_000, 30_000],
    [2 * HOUR, 15 * MINUTE],
    [-5_000, 1_000],
    [0, 1_000],
    [Number.NaN, 15 * MINUTE],
    [Number.POSITIVE_INFINITY, 15 * MINUTE],
  ])('a provider that says %d ms is asked again after %d ms', (afterMs, expected) => {
    const error = new ChannelError('throttled', 'x', { retry: { afterMs } });
    expect(verdictOf(error, { number: 1, firstAt }, at(0), middle)).toEqual({
      state: 'pending',
      afterMs: expected,
    });
  });

  test('a wrong token keeps the queue until a person has acted', () => {
    const error = new ChannelError('config', 'x', { retry: 'backoff' });
    expect(verdictOf(error, { number: 500, firstAt }, at(96 * HOUR), middle)).toEqual({
      state: 'pending',
      afterMs: 15 * MINUTE,
    });
  });
});

test('the delay lies between a second and 15 minutes, and never shrinks at the same luck', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, luck) => {
        const delay = backoffMs(n, () => luck);
        expect(delay).toBeGreaterThanOrEqual(1_000);
        expect(delay).toBeLessThanOrEqual(15 * MINUTE);
        expect(backoffMs(n + 1, () => luck)).toBeGreaterThanOrEqual(delay);
      },
    ),
  );
});

describe('the rest of a source after a failure', () => {
  const rest = (error: unknown, failures: number, luck = 0) => rerunPauseMs(error, failures, () => luck);
  const dropped = new ChannelError('connection', 'x', { retry: 'backoff' });

  test('doubles from a second to a minute, between half and the whole of it', () => {
    expect([1, 2, 3, 6, 7, 500].map((failures) => rest(dropped, failures, 0.9999999))).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
    ]);
    expect([1, 7].map((failures) => rest(new Error('a fault of ours'), failures))).toEqual([500, 30_000]);
  });

  test('is as long as the provider asks, within reason, and never shorter than its own', () => {
    const asked = (afterMs: number) => new ChannelError('throttled', 'x', { retry: { afterMs } });
    expect(rest(asked(90_000), 1)).toBe(90_000);
    expect(rest(asked(10 * HOUR), 1)).toBe(15 * MINUTE);
    expect(rest(asked(0), 7)).toBe(30_000);
  });

  test('is a minute at once where a person must act, so that no account is locked', () => {
    expect(rest(new ChannelError('config', 'x', { retry: 'never' }), 1)).toBe(60_000);
  });
});
