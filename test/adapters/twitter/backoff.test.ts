import { expect, test } from '@jest/globals';
import { Backoff, BACKOFF, reconnectDelayMs, type Loss } from '../../../adapters/twitter/backoff.js';
import { STREAM_TIMING } from '../../../adapters/twitter/source-stream.js';

const table: readonly [Loss, readonly number[], number][] = [
  ['network', [250, 500, 750, 1_000], 16_000],
  ['http', [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000], 320_000],
  ['throttled', [60_000, 120_000, 240_000, 480_000], 900_000],
];

test.each(table)('%s waits as X asks for', (loss, delays, longest) => {
  expect(delays.map((_, index) => reconnectDelayMs(loss, index + 1))).toEqual(delays);
  expect(reconnectDelayMs(loss, 64)).toBe(longest);
  expect(reconnectDelayMs(loss, 10_000)).toBe(longest);
});

test('each kind counts for itself, and all begin anew once it works', () => {
  const backoff = new Backoff();
  const losses: readonly Loss[] = ['network', 'http', 'network', 'http'];
  expect(losses.map((loss) => backoff.failed(loss))).toEqual([250, 5_000, 500, 10_000]);
  backoff.worked();
  expect(backoff.failed('http')).toBe(BACKOFF.httpFirstMs);
});

test('a stream without a heart-beat is dead before a second one is due', () => {
  // X sends one every 20 s; the client's own patience would be 120 s.
  expect(STREAM_TIMING.silenceMs).toBe(25_000);
  // Silent for 30 s, it is open again in less than 25 s more: what is left of the watch, and one delay.
  expect(STREAM_TIMING.silenceMs + BACKOFF.networkStepMs).toBeLessThan(30_000 + 25_000);
  expect(STREAM_TIMING.patienceMs).toBeGreaterThanOrEqual(BACKOFF.networkStepMs);
});
