import { expect, test } from '@jest/globals';
import { answerError, listError, networkError, resetWaitMs } from '../../../adapters/twitter/errors.js';
import { ChannelError } from '../../../src/core/channel-error.js';

const NOW = new Date('2026-11-25T01:00:00Z');
const problem = (type: string, detail = '', more: object = {}) => ({
  title: 'x',
  type: type === '' ? 'about:blank' : `https://api.x.com/2/problems/${type}`,
  detail,
  ...more,
});

const table: readonly [string, number, unknown, object][] = [
  ['token refused', 401, problem('', 'Unauthorized'), { code: 'config', retry: 'backoff' }],
  ['no credits left', 402, problem('credits'), { code: 'config', retry: 'backoff' }],
  ['monthly cap', 429, problem('usage-capped'), { code: 'config' }],
  ['too many requests', 429, problem('', 'Too Many Requests'), { code: 'throttled', retry: 'backoff' }],
  [
    'too many connections',
    429,
    problem('streaming-connection', '', { connection_issue: 'TooManyConnections' }),
    { code: 'throttled', providerCode: 'TooManyConnections' },
  ],
  [
    'too many connections, told in the stream',
    429,
    { errors: [{ title: 'ConnectionException', connection_issue: 'TooManyConnections' }] },
    { code: 'throttled', providerCode: 'TooManyConnections' },
  ],
  [
    'not summoned',
    403,
    problem('', 'Reply to this conversation is not allowed because you have not been mentioned'),
    { code: 'not_permitted', retry: 'never', certainty: 'not_sent' },
  ],
  ['app may only read', 403, problem('oauth1-permissions'), { code: 'config', retry: 'backoff' }],
  ['access level', 403, problem('client-forbidden'), { code: 'config' }],
  ['account suspended', 403, problem('', 'Your account is suspended'), { code: 'config' }],
  [
    'same text again',
    403,
    problem('', 'You are not allowed to create a Tweet with duplicate content.'),
    { code: 'rejected', retry: 'never', providerCode: 'duplicate' },
  ],
  [
    'answered post deleted',
    403,
    problem('', 'You attempted to reply to a Tweet that is deleted or not visible to you.'),
    { code: 'rejected', retry: 'never', providerCode: 'gone' },
  ],
  ['bad request', 400, problem('invalid-request'), { code: 'rejected', retry: 'never' }],
  ['no rules', 409, problem('rule-configuration-issue'), { code: 'connection', providerCode: '409' }],
  ['fault of the API', 503, problem(''), { code: 'connection', retry: 'backoff', certainty: 'not_sent' }],
  ['fault of a proxy', 502, undefined, { code: 'connection', certainty: 'unknown' }],
  ['fault of a proxy, in HTML', 504, '<html>', { code: 'connection', certainty: 'unknown' }],
  ['a redirect', 302, '', { code: 'bad_response', retry: 'backoff' }],
];

test.each(table)('%s', (_, status, body, expected) => {
  const error = answerError({ status, headers: {}, body }, NOW);
  expect(error).toMatchObject({ providerCode: String(status), ...expected });
  expect(error.message).not.toContain('Tweet');
  expect(error.cause).toBeUndefined();
});

test.each([
  [{ code: 'ECONNREFUSED', syscall: 'connect' }, true, 'not_sent'],
  [{ code: 'ENOTFOUND' }, true, 'not_sent'],
  [{ code: 'CERT_HAS_EXPIRED' }, true, 'not_sent'],
  [new Error('Socket closed without any information.'), false, 'not_sent'],
  [{ code: 'ECONNRESET' }, true, 'unknown'],
  [{ name: 'AbortError' }, true, 'unknown'],
  [new AggregateError([{ code: 'ECONNREFUSED' }, { code: 'ECONNRESET' }]), true, 'unknown'],
])('a network failure of which %j is known is certain or not', (cause, wasReached, certainty) => {
  expect(networkError(cause, wasReached)).toMatchObject({ code: 'connection', retry: 'backoff', certainty });
});

const atX = new Date('2026-11-25T01:00:00Z');
const resetIn = (seconds: number, more: Record<string, string> = {}) => ({
  'x-rate-limit-remaining': '0',
  'x-rate-limit-reset': String(atX.getTime() / 1_000 + seconds),
  ...more,
});
const dated = { date: atX.toUTCString() };
const ourClock = (minutesOff: number) => new Date(atX.getTime() + minutesOff * 60_000);

test.each([
  ['by X’s own clock', resetIn(90, dated), 0, 90_000],
  ['with our clock 5 minutes ahead', resetIn(90, dated), 5, 90_000],
  ['with our clock 5 minutes behind', resetIn(90, dated), -5, 90_000],
  ['at once at the earliest', resetIn(0.2, dated), 0, 1_000],
  ['15 minutes at most', resetIn(86_400, dated), 0, 900_000],
  ['no Date, our clock 5 minutes behind: clamped', resetIn(800), -5, 900_000],
  ['no Date, our clock 5 minutes ahead: the reset seems past', resetIn(90), 5, undefined],
  [
    'requests are left: it was another limit',
    resetIn(90, { ...dated, 'x-rate-limit-remaining': '7' }),
    0,
    undefined,
  ],
  [
    'the day is used up',
    {
      ...resetIn(90, { ...dated, 'x-rate-limit-remaining': '7' }),
      'x-user-limit-24hour-remaining': '0',
      'x-user-limit-24hour-reset': String(atX.getTime() / 1_000 + 300),
    },
    0,
    300_000,
  ],
  ['nothing said', {}, 0, undefined],
  ['rubbish', { 'x-rate-limit-reset': 'soon' }, 0, undefined],
])('the reset is waited for: %s', (_, headers, minutesOff, expected) => {
  expect(resetWaitMs(headers, ourClock(minutesOff))).toBe(expected);
  const error = answerError({ status: 429, headers, body: problem('') }, ourClock(minutesOff));
  expect(error.retry).toEqual(expected === undefined ? 'backoff' : { afterMs: expected });
});

test('what a list refuses is our configuration', () => {
  expect(listError(answerError({ status: 400, headers: {}, body: {} }, NOW))).toMatchObject({
    code: 'config',
  });
  const other = new ChannelError('connection', 'x', { retry: 'backoff' });
  expect(listError(other)).toBe(other);
});
