import { expect, test } from '@jest/globals';
import { sourceHealth } from '../../workers/poll-health.js';
import type { SourceState } from '../../workers/poll-source.js';

const NOW = 1_000_000;
const trouble = (code: string, failures: number, forMs = 600_000) => ({ code, failures, since: NOW - forMs });
const health = (state: SourceState | undefined, isHeld: boolean | undefined) =>
  sourceHealth('INBOX', state, isHeld, NOW);

test.each<[string, SourceState | undefined, boolean | undefined]>([
  ['running', { is: 'running' }, true],
  ['running again after a drop', { is: 'running', trouble: trouble('connection', 1) }, true],
  ['in another process', { is: 'elsewhere' }, true],
  ['in another process that has only just died', { is: 'elsewhere' }, false],
  ['resting here, running in another process', { is: 'waiting', trouble: trouble('connection', 9) }, true],
  ['about to start', { is: 'starting' }, false],
  ['read by other processes only', undefined, true],
  ['read by other processes, with the database away', undefined, undefined],
])('a source %s is well', (_name, state, isHeld) => {
  expect(health(state, isHeld)).toEqual({ state: 'ok', detail: '' });
});

test('a source that rests says for how long it has not been read, why, what to do, and when it goes on', () => {
  const state: SourceState = { is: 'waiting', trouble: trouble('config', 4), until: NOW + 40_000 };
  expect(health(state, false)).toEqual({
    state: 'degraded',
    detail:
      'INBOX is not read for 10 min (config): the provider refuses our login or settings; ' +
      'correct them, npx tabea doctor tries them; next attempt in 40 s',
  });
  expect(health(state, undefined).state).toBe('degraded');
});

test('a source that has failed often is well again only when a run has shown it', () => {
  const { state, detail } = health({ is: 'running', trouble: trouble('new_code', 3, 30_000) }, true);
  expect(state).toBe('degraded');
  expect(detail).toBe(
    'INBOX is not read for 30 s (new_code): see the log for the reason; it is being tried again now',
  );
});

test('a source that no process reads is named where nothing polls', () => {
  expect(health(undefined, false)).toMatchObject({ state: 'degraded' });
  expect(health(undefined, false).detail).toContain('TABEA_ROLES');
});
