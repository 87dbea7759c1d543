import { describe, expect, test } from '@jest/globals';
import {
  decideThread,
  type NewestCase,
  type PointedCase,
  type ThreadDecision,
  type ThreadFacts,
} from '../../src/core/threading.js';

const MINUTE = 60_000;
const times = { continuationMs: 60 * MINUTE, answerMs: 72 * 60 * MINUTE };
const receivedAt = new Date('2026-11-23T03:00:00Z');
const ago = (minutes: number) => new Date(receivedAt.getTime() - minutes * MINUTE);

const own = (caseId: string): PointedCase => ({ caseId, own: true, archived: false });
const strange = (caseId: string): PointedCase => ({ caseId, own: false, archived: false });
const archived = (caseId: string): PointedCase => ({ caseId, own: true, archived: true });
const newest = (facts: Partial<NewestCase>): NewestCase => ({
  caseId: 'N',
  awaitingInfo: false,
  reporterWroteAt: null,
  personWroteAt: null,
  ...facts,
});
const busy = newest({ awaitingInfo: true, reporterWroteAt: ago(1), personWroteAt: ago(1) });

function decide(facts: Partial<ThreadFacts>): ThreadDecision {
  return decideThread({ receivedAt, byThread: [], byNumber: [], newest: null, ...facts }, times);
}

describe('the order: thread, number, newest case, new case', () => {
  test.each<[string, Partial<ThreadFacts>, ThreadDecision]>([
    [
      'a token before all',
      { byToken: strange('T'), byThread: [own('A')], byNumber: [own('B')], newest: busy },
      { kind: 'join', caseId: 'T', why: 'token' },
    ],
    [
      "the provider's thread before a number",
      { byThread: [own('A')], byNumber: [own('B')], newest: busy },
      { kind: 'join', caseId: 'A', why: 'thread' },
    ],
    [
      'the nearest own case of a thread',
      { byThread: [strange('S'), own('A'), own('B')] },
      { kind: 'join', caseId: 'A', why: 'thread' },
    ],
    [
      'an own number before the newest case',
      { byNumber: [own('B')], newest: busy },
      { kind: 'join', caseId: 'B', why: 'number' },
    ],
    [
      'the own of several numbers',
      { byNumber: [strange('S'), own('B')] },
      { kind: 'join', caseId: 'B', why: 'number' },
    ],
    [
      "a stranger's number: a linked case, even where he has an open one",
      { byNumber: [strange('S')], newest: busy },
      { kind: 'new', linkTo: 'S', why: 'stranger_number' },
    ],
    [
      "a stranger in the thread: a linked case (somebody else's comment, a forwarded mail)",
      { byThread: [strange('S')], newest: busy },
      { kind: 'new', linkTo: 'S', why: 'stranger_thread' },
    ],
    [
      'an archived case is only linked',
      { byThread: [archived('A')] },
      { kind: 'new', linkTo: 'A', why: 'archived' },
    ],
    [
      'an archived case of a token, too',
      { byToken: archived('A') },
      { kind: 'new', linkTo: 'A', why: 'archived' },
    ],
    [
      'an archived number beside an open one',
      { byNumber: [archived('A'), own('B')] },
      { kind: 'join', caseId: 'B', why: 'number' },
    ],
    ['nobody we know', {}, { kind: 'new', why: 'first' }],
  ])('%s', (_, facts, expected) => {
    expect(decide(facts)).toEqual(expected);
  });
});

describe("the sender's newest open case", () => {
  const joined = (why: string) => ({ kind: 'join', caseId: 'N', why });
  const fresh = { kind: 'new', why: 'nothing_recent' };

  test.each<[string, Partial<NewestCase>, object]>([
    ['he wrote a minute ago', { reporterWroteAt: ago(1) }, joined('continuation')],
    ['he wrote exactly an hour ago', { reporterWroteAt: ago(60) }, joined('continuation')],
    [
      'he wrote over an hour ago: two complaints in one day are two cases',
      { reporterWroteAt: ago(60.001) },
      fresh,
    ],
    [
      'a person wrote 71 hours ago',
      { reporterWroteAt: ago(6000), personWroteAt: ago(71 * 60) },
      joined('answer'),
    ],
    ['a person wrote exactly 72 hours ago', { personWroteAt: ago(72 * 60) }, joined('answer')],
    ['a person wrote over 72 hours ago', { personWroteAt: ago(72 * 60 + 0.001) }, fresh],
    ['only the machine wrote', { reporterWroteAt: ago(120), personWroteAt: null }, fresh],
    [
      'it waits for him, however long',
      { awaitingInfo: true, reporterWroteAt: ago(60 * 24 * 30) },
      joined('awaiting_info'),
    ],
    ['nothing is known of it', {}, fresh],
    ['messages taken in out of order', { reporterWroteAt: ago(-5) }, joined('continuation')],
  ])('%s', (_, facts, expected) => {
    expect(decide({ newest: newest(facts) })).toEqual(expected);
  });
});
