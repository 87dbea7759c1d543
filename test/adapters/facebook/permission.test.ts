import { describe, expect, test } from '@jest/globals';
import type { ReplyTarget } from '../../../src/core/channel.js';
import { ago, DAY_MS, HOUR_MS, NOW } from '../shared/meta/helpers.js';
import { adapterFor, COMMENT, PSID, USER } from './helpers.js';

const adapter = adapterFor();

function permission(target: Partial<ReplyTarget>, settings = {}) {
  const by = Object.keys(settings).length === 0 ? adapter : adapterFor(undefined, settings);
  const whole = {
    address: { scheme: 'fb-psid', value: PSID },
    optedOut: false,
    confidentiality: 'public',
    ...target,
  } as const;
  return by.canReply?.(whole, NOW);
}

const wrote = (ms: number, externalId = 'm_1') => ({ lastInbound: { externalId, at: ago(ms) } });

/** fault 29: told before anybody writes, with the reason or the time until which it holds. */
describe('fault 29: Messenger', () => {
  test.each<[string, number, boolean, number | false]>([
    ['a person, at once', 0, false, 7 * DAY_MS],
    ['a person, after 23:59:59', DAY_MS - 1000, false, 7 * DAY_MS],
    ['a person, after a day', DAY_MS, false, 7 * DAY_MS],
    ['a person, after 6 days and 23 hours', 7 * DAY_MS - HOUR_MS, false, 7 * DAY_MS],
    ['a person, after 7 days', 7 * DAY_MS, false, false],
    ['the machine, at once', 0, true, DAY_MS],
    ['the machine, after 23:59:59', DAY_MS - 1000, true, DAY_MS],
    ['the machine, after a day', DAY_MS, true, false],
    ['the machine, after 3 days', 3 * DAY_MS, true, false],
  ])('%s', (_name, ageMs, automated, untilMs) => {
    const found = permission({ ...wrote(ageMs), automated });
    if (untilMs === false) expect(found).toMatchObject({ allowed: false, reason: expect.any(String) });
    else expect(found).toEqual({ allowed: true, until: new Date(ago(ageMs).getTime() + untilMs) });
  });

  test('without the feature "Human Agent" people have 24 hours too', () => {
    expect(permission(wrote(DAY_MS - 1), { humanAgent: false })).toEqual({
      allowed: true,
      until: new Date(NOW.getTime() + 1),
    });
    expect(permission(wrote(DAY_MS), { humanAgent: false })).toMatchObject({ allowed: false });
  });

  test('who never wrote, or wants nothing more, is not written to', () => {
    expect(permission({})).toMatchObject({ allowed: false, reason: expect.stringContaining('belum pernah') });
    expect(permission({ ...wrote(0), optedOut: true })).toMatchObject({ allowed: false });
    expect(permission({ ...wrote(0), address: { scheme: 'tel', value: '+62' } })).toMatchObject({
      allowed: false,
    });
  });
});

describe('fault 29: comments', () => {
  const comment = (ms: number) => ({ address: { scheme: 'fb-user', value: USER }, ...wrote(ms, COMMENT) });

  test('of a public case can be answered for ever, by machine and people', () => {
    for (const automated of [true, false]) {
      expect(permission({ ...comment(400 * DAY_MS), automated })).toEqual({ allowed: true });
    }
  });

  test.each(['secret', 'anonymous'] as const)(
    'of a %s case only privately: within 7 days, by a person',
    (confidentiality) => {
      const until = new Date(ago(DAY_MS).getTime() + 7 * DAY_MS);
      expect(permission({ ...comment(DAY_MS), confidentiality })).toEqual({ allowed: true, until });
      const late = permission({ ...comment(8 * DAY_MS), confidentiality });
      expect(late).toMatchObject({ allowed: false, reason: expect.stringContaining('7 hari') });
      expect(late).toMatchObject({ reason: expect.stringContaining('kanal lain') });
      const byMachine = permission({ ...comment(0), confidentiality, automated: true });
      expect(byMachine).toMatchObject({
        allowed: false,
        reason: expect.stringContaining('satu balasan pribadi'),
      });
    },
  );

  test('where the city wants it, all of them privately', () => {
    expect(permission(comment(8 * DAY_MS), { commentReply: 'private' })).toMatchObject({ allowed: false });
  });

  test('without a comment there is nothing to answer', () => {
    const address = { scheme: 'fb-user', value: USER };
    expect(permission({ address })).toMatchObject({ allowed: false });
    expect(permission({ address, ...wrote(0, 'm_1') })).toMatchObject({ allowed: false });
  });
});

test('2,000 characters fit, whatever they take in memory', () => {
  expect(adapter.measure('😀'.repeat(2_000))).toMatchObject({
    segments: 1,
    used: 2_000,
    left: 0,
    fits: true,
  });
  expect(adapter.measure('a'.repeat(2_001))).toMatchObject({ segments: 1, left: 0, fits: false });
});
