import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { OutboundMessage, SendAttempt } from '../../../src/core/channel.js';
import { XChannel } from '../../../adapters/twitter/index.js';
import { POST_LIMIT, weightOf } from '../../../adapters/twitter/weighted.js';
import {
  budi,
  CHANNEL,
  contextOf,
  HANDLE,
  longText,
  never,
  openWorld,
  rejectionOf,
  replyTo,
  settingsAt,
  type World,
} from './helpers.js';

let world: World;
let complaint: string;

beforeEach(async () => {
  world = await openWorld();
  const text = `${HANDLE} lampu padam #laporpengaduan`;
  complaint = (await world.x.write({ channelId: CHANNEL, from: budi.username, text })).id;
});
afterEach(() => world.close());

/** What the account posted, oldest first. */
const posted = () =>
  world.x.posts
    .visible()
    .filter(({ author }) => author === world.x.posts.account)
    .toReversed();
const reply = (over: Partial<OutboundMessage> = {}) => replyTo(complaint, over);
const send = (over: Partial<OutboundMessage> = {}) => world.channel.send(reply(over), never());
const attempt = (over: Partial<OutboundMessage> = {}, more: Partial<SendAttempt> = {}): SendAttempt => ({
  message: reply(over),
  startedAt: new Date(Date.now() - 90_000),
  now: new Date(),
  isClaimed: () => Promise.resolve(false),
  ...more,
});
/** As another process would see it: nothing in its memory. */
const otherProcess = () => new XChannel(settingsAt(world.url), contextOf());

test('a reply answers the citizen’s post, under his eyes', async () => {
  const { externalId, segments } = await send({ text: 'Regu kami <b>datang</b> & memperbaiki 😀' });
  expect(segments).toBe(1);
  expect(posted()).toMatchObject([{ id: externalId, answers: complaint, conversationId: complaint }]);
  expect(world.x.conversation(CHANNEL, budi.username).at(-1)).toMatchObject({
    direction: 'in',
    text: 'Regu kami <b>datang</b> & memperbaiki 😀',
    subject: `${HANDLE} → @${budi.username}`,
  });
});

test('a long one is a numbered thread, each post answering the one before', async () => {
  const { externalId, segments } = await send({ text: longText(3) });
  const posts = posted();
  expect(segments).toBe(3);
  expect(posts[0]?.id).toBe(externalId);
  expect(posts.map(({ answers }) => answers)).toEqual([complaint, posts[0]?.id, posts[1]?.id]);
  expect(posts.map(({ text }) => text.slice(-6))).toEqual([' (1/3)', ' (2/3)', ' (3/3)']);
  for (const { text } of posts) expect(weightOf(text)).toBeLessThanOrEqual(POST_LIMIT);
});

/** Lets so many posts through before the fault. */
function failAfter(count: number, fault: string): void {
  const stop = world.x.posts.onChange(() => {
    if (posted().length !== count) return;
    stop();
    // Not of this post: of the next.
    setImmediate(() => world.x.setFault(fault, 1));
  });
}

test('a thread that breaks off goes on behind its last post: from memory', async () => {
  failAfter(2, 'http-503');
  const text = longText(4);
  expect(await rejectionOf(send({ text }))).toMatchObject({ code: 'connection', certainty: 'not_sent' });
  expect(posted()).toHaveLength(2);
  const { externalId } = await send({ text, attempt: 2 });
  expect(posted()).toHaveLength(4);
  expect(posted()[0]?.id).toBe(externalId);
  expect(posted().map((post) => post.text.slice(-6))).toEqual([' (1/4)', ' (2/4)', ' (3/4)', ' (4/4)']);
});

test('after a crash in the middle, another process goes on from what X has', async () => {
  failAfter(2, 'http-503');
  const text = longText(4);
  await rejectionOf(send({ text }));
  const channel = otherProcess();
  expect(await channel.reconcile(attempt({ text }), never())).toEqual({ state: 'not_sent' });
  const { externalId } = await channel.send(reply({ text, attempt: 2 }), never());
  expect(posted()).toHaveLength(4);
  expect(posted()[0]?.id).toBe(externalId);
  expect(await channel.reconcile(attempt({ text }), never())).toEqual({ state: 'sent', externalId });
});

test('a post in the middle whose end is not known is neither lost nor made twice', async () => {
  failAfter(1, 'accepted-no-answer');
  const text = longText(3);
  expect(await rejectionOf(send({ text }))).toMatchObject({ certainty: 'unknown' });
  expect(posted()).toHaveLength(2);
  expect(await world.channel.reconcile(attempt({ text }), never())).toEqual({ state: 'not_sent' });
  await send({ text, attempt: 2 });
  expect(posted()).toHaveLength(3);
});

test('accepted, but not answered: unknown, and found by reconciling', async () => {
  world.x.setFault('accepted-no-answer', 1);
  expect(await rejectionOf(send())).toMatchObject({ certainty: 'unknown', code: 'bad_response' });
  expect(await world.channel.reconcile(attempt(), never())).toEqual({
    state: 'sent',
    externalId: posted()[0]?.id,
  });
});

test.each([
  ['http-429', { code: 'throttled', certainty: 'not_sent', retry: { afterMs: expect.any(Number) } }],
  ['http-503', { code: 'connection', certainty: 'not_sent', retry: 'backoff' }],
  ['forbidden', { code: 'not_permitted', certainty: 'not_sent', retry: 'never' }],
])('the fault %s is told', async (fault, expected) => {
  world.x.setFault(fault, 1);
  expect(await rejectionOf(send())).toMatchObject(expected);
  expect(posted()).toEqual([]);
});

test.each([-5, 5])(
  'with a clock %d minutes off the reset is waited for by X’s own clock',
  async (minutesOff) => {
    const clock = { now: () => new Date(Date.now() + minutesOff * 60_000) };
    const channel = new XChannel(settingsAt(world.url), contextOf({ clock }));
    world.x.setFault('http-429', 1);
    const error = await rejectionOf(channel.send(reply(), never()));
    const retry = error instanceof ChannelError ? error.retry : undefined;
    const afterMs = typeof retry === 'object' ? retry.afterMs : Number.NaN;
    expect(afterMs).toBeGreaterThanOrEqual(1_000);
    expect(afterMs).toBeLessThanOrEqual(5_000);
  },
);

test('X does not let us answer who has not summoned us, and says so', async () => {
  const { id } = await world.x.write({
    channelId: CHANNEL,
    from: budi.username,
    text: '#laporpengaduan saja',
  });
  const error = await rejectionOf(world.channel.send(replyTo(id), never()));
  expect(error).toMatchObject({ code: 'not_permitted', retry: 'never', certainty: 'not_sent' });
});

test('a deleted post is not answered', async () => {
  await world.x.write({ channelId: CHANNEL, from: budi.username, text: '', subject: `delete:${complaint}` });
  expect(await rejectionOf(send())).toMatchObject({ code: 'rejected', providerCode: 'gone' });
});

test.each([
  ['a link', { text: 'Lihat lapor.go.id' }, 'rejected', 'link'],
  ['too long', { text: longText(12) }, 'rejected', 'too_long'],
  ['nothing', { text: '' }, 'rejected', 'empty'],
  ['nobody’s post', { thread: {} }, 'rejected', 'no_post'],
  ['a mail’s id', { thread: { references: ['<a@b>'] } }, 'rejected', 'no_post'],
  ['a secret case', { confidentiality: 'secret' as const }, 'not_permitted', 'secret'],
])('%s is refused before X is asked', async (_, over, code, providerCode) => {
  expect(await rejectionOf(send(over))).toMatchObject({
    code,
    providerCode,
    retry: 'never',
    certainty: 'not_sent',
  });
  expect(posted()).toEqual([]);
});

test('whose case nobody names may be a secret one', async () => {
  const { confidentiality: _, ...message } = reply();
  expect(await rejectionOf(world.channel.send(message, never()))).toMatchObject({ providerCode: 'secret' });
});

test('the machine answers only who mentioned us, whatever the access level', async () => {
  const channel = new XChannel(settingsAt(world.url, { enterprise: true }), contextOf());
  const message = reply({ automated: true, thread: { references: [complaint], addressed: false } });
  expect(await rejectionOf(channel.send(message, never()))).toMatchObject({ providerCode: 'automation' });
  await channel.send({ ...message, automated: false }, never());
  expect(posted()).toHaveLength(1);
});

test('links go out where they are allowed, and are found again', async () => {
  const channel = new XChannel(settingsAt(world.url, { allowLinks: true }), contextOf());
  const text = 'Lihat https://ambon.go.id/lacak ya';
  const { externalId } = await channel.send(reply({ text }), never());
  expect(await channel.reconcile(attempt({ text }), never())).toEqual({ state: 'sent', externalId });
});

test('over the month’s budget nothing goes out, and an operator is told beforehand', async () => {
  // Two replies of one cent each.
  const open = () => new XChannel(settingsAt(world.url, { monthlyBudgetCents: 2 }), contextOf());
  const channel = open();
  const target = {
    address: { scheme: 'x', value: budi.id },
    optedOut: false,
    confidentiality: 'public',
    lastInbound: { externalId: complaint, at: new Date(), thread: { addressed: true } },
  } as const;
  await channel.send(reply({ text: 'satu' }), never());
  expect(channel.canReply(target)).toEqual({ allowed: true });
  expect(await rejectionOf(channel.send(reply({ text: longText(2) }), never()))).toMatchObject({
    code: 'not_permitted',
    providerCode: 'budget',
  });
  await channel.send(reply({ text: 'dua' }), never());
  expect(channel.canReply(target)).toMatchObject({
    allowed: false,
    reason: expect.stringContaining('Anggaran'),
  });
  // After a restart the count is X's.
  const after = open();
  expect(await rejectionOf(after.send(reply({ text: 'tiga' }), never()))).toMatchObject({
    providerCode: 'budget',
  });
  expect(await after.probe(never())).toMatchObject({
    state: 'degraded',
    detail: expect.stringContaining('$0.02'),
  });
  expect(posted()).toHaveLength(2);
});

test('reconciling: nothing, too early, several, another’s, another conversation', async () => {
  const reconcile = (what: SendAttempt) => world.channel.reconcile(what, never());
  expect(await reconcile(attempt())).toEqual({ state: 'not_sent' });
  const early = { startedAt: new Date(Date.now() - 59_000) };
  expect(await reconcile(attempt({}, early))).toMatchObject({ state: 'unknown' });
  const { externalId } = await send();
  expect(await reconcile(attempt({}, early))).toEqual({ state: 'sent', externalId });
  expect(await reconcile(attempt({}, { isClaimed: (id) => Promise.resolve(id === externalId) }))).toEqual({
    state: 'not_sent',
  });
  expect(await reconcile(attempt({ thread: { references: ['1700000000000000001'] } }))).toEqual({
    state: 'not_sent',
  });
  expect(await reconcile(attempt({ text: 'Teks lain' }))).toEqual({ state: 'not_sent' });
  await send();
  expect(await reconcile(attempt())).toMatchObject({ state: 'unknown', reason: 'several posts at X fit' });
});

test('what X answers is read although it puts names in front', async () => {
  const { account } = world.x.posts;
  const post = world.x.posts.add({
    author: account,
    text: `@${budi.username} Laporan Anda kami teruskan kepada dinas.`,
    answers: complaint,
  });
  expect(await world.channel.reconcile(attempt(), never())).toEqual({ state: 'sent', externalId: post.id });
});
