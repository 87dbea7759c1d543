import { afterEach, expect, test } from '@jest/globals';
import { twitter, XChannel } from '../../../adapters/twitter/index.js';
import { permissionOf } from '../../../adapters/twitter/permission.js';
import { queryOf } from '../../../adapters/twitter/settings.js';
import { serve, type Stand } from '../../support/stand.js';
import type { ReplyTarget } from '../../../src/core/channel.js';
import { budi, CHANNEL, contextOf, HANDLE, never, openWorld, settingsAt, type World } from './helpers.js';

let world: World | undefined;
let stand: Stand | undefined;
afterEach(async () => {
  await world?.close();
  await stand?.close();
  world = stand = undefined;
});

const summoned: ReplyTarget = {
  address: { scheme: 'x', value: '42' },
  optedOut: false,
  confidentiality: 'public',
  lastInbound: { externalId: '1', at: new Date(), thread: { addressed: true } },
};
const bare: ReplyTarget = {
  ...summoned,
  lastInbound: { externalId: '1', at: new Date(), thread: { addressed: false } },
};
const { lastInbound: _, ...unwritten } = summoned;
const normal = { enterprise: false, isBudgetSpent: () => false };

test.each<[string, ReplyTarget, typeof normal, string | undefined]>([
  ['who mentions us', summoned, normal, undefined],
  ['an anonymous report that mentions us', { ...summoned, confidentiality: 'anonymous' }, normal, undefined],
  ['a bare hashtag', bare, normal, 'menyebut (@) atau mengutip'],
  ['a bare hashtag, Enterprise', bare, { ...normal, enterprise: true }, undefined],
  [
    'a bare hashtag, Enterprise, by machine',
    { ...bare, automated: true },
    { ...normal, enterprise: true },
    'otomatis',
  ],
  ['who mentions us, by machine', { ...summoned, automated: true }, normal, undefined],
  [
    'a secret report',
    { ...summoned, confidentiality: 'secret' },
    { ...normal, enterprise: true },
    'dirahasiakan',
  ],
  ['who said STOP', { ...summoned, optedOut: true }, normal, 'tidak dibalas lagi'],
  ['who never posted', unwritten, normal, 'Tidak ada kiriman'],
  ['with the budget spent', summoned, { ...normal, isBudgetSpent: () => true }, 'Anggaran'],
])('%s: the operator is told beforehand', (_name, target, rules, reason) => {
  const permission = permissionOf(target, rules);
  if (reason === undefined) expect(permission).toEqual({ allowed: true });
  else expect(permission).toEqual({ allowed: false, reason: expect.stringContaining(reason) });
});

test('settings: defaults, and what is not taken', () => {
  const given = settingsAt('https://api.x.com/');
  expect(given).toMatchObject({
    apiUrl: 'https://api.x.com',
    mode: 'stream',
    enterprise: false,
    allowLinks: false,
    monthlyBudgetCents: 5_000,
    deletedHours: 24,
    pollSeconds: 15,
  });
  expect(queryOf(given, '#laporpengaduan')).toBe('#laporpengaduan -is:retweet');
  expect(queryOf({ query: '(#a OR @b) lang:in' }, '#laporpengaduan')).toBe('(#a OR @b) lang:in');
  for (const wrong of [
    { bearerToken: '' },
    { apiUrl: 'ftp://x' },
    { mode: 'guess' },
    { pollSeconds: 1 },
    { mentionsSeconds: 2 },
    { query: 'x'.repeat(1_025) },
  ]) {
    expect(twitter.settings.safeParse({ ...given, ...wrong }).success).toBe(false);
  }
});

test('the probe sets the rules, and says what X says', async () => {
  world = await openWorld();
  expect(await world.channel.probe(never())).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining('$'),
  });
  expect(world.x.ruleValues).toEqual(['#laporpengaduan -is:retweet']);
  const stranger = new XChannel(settingsAt(world.url, { accessSecret: 'wrong' }), contextOf());
  expect(await stranger.probe(never())).toMatchObject({
    state: 'down',
    detail: expect.stringContaining('docs/x.md'),
  });
  const { url } = world;
  await world.close();
  const lonely = new XChannel(settingsAt(url), contextOf());
  expect(await lonely.probe(never())).toMatchObject({ state: 'degraded' });
});

test('rules of others are removed, ours is left, and one that X does not take is told', async () => {
  let answer: unknown = {
    data: [
      { id: '1', value: 'alien' },
      { id: '2', value: '#laporpengaduan -is:retweet' },
    ],
  };
  stand = await serve(({ method }) => ({
    status: method === 'GET' ? 200 : 201,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(method === 'GET' ? answer : { errors: [{ title: 'UnprocessableEntity' }] }),
  }));
  const channel = new XChannel(settingsAt(stand.url), contextOf());
  await channel.probe(never());
  const posts = stand.requests
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => JSON.parse(body.toString()));
  expect(posts).toEqual([{ delete: { ids: ['1'] } }]);
  answer = {};
  expect(await channel.probe(never())).toMatchObject({
    state: 'down',
    detail: expect.stringContaining('rule'),
  });
});

test('files of posts are fetched from public addresses only', async () => {
  world = await openWorld();
  const fetch = (url?: string) =>
    world?.channel.fetchAttachment(
      { name: 'a.jpg', contentType: 'image/jpeg', ...(url !== undefined && { url }) },
      never(),
    );
  for (const url of [
    undefined,
    'http://pbs.twimg.com/a.jpg',
    'https://169.254.169.254/a',
    'https://127.0.0.1/a',
  ]) {
    await expect(fetch(url)).rejects.toMatchObject({ code: 'rejected', retry: 'never' });
  }
});

test('neither a token nor a name nor a text is in what is thrown', async () => {
  world = await openWorld();
  const { id } = await world.x.write({
    channelId: CHANNEL,
    from: budi.username,
    text: `${HANDLE} rahasia saya`,
  });
  const { inspect } = await import('node:util');
  for (const fault of ['http-429', 'forbidden', 'accepted-no-answer']) {
    world.x.setFault(fault, 1);
    const error = await world.channel
      .send(
        {
          id: 'o',
          channelId: CHANNEL,
          to: { scheme: 'x', value: budi.id },
          text: 'Isi balasan',
          thread: { references: [id] },
          automated: false,
          confidentiality: 'public',
          attempt: 1,
        },
        never(),
      )
      .catch((cause: unknown) => cause);
    const told = inspect(error, { depth: 10, showHidden: true });
    for (const secret of [
      'bearer-token',
      'access-secret',
      'app-secret',
      budi.id,
      budi.username,
      'Isi balasan',
      'rahasia saya',
    ]) {
      expect(told).not.toContain(secret);
    }
  }
});

test('the played X demands a signature, by the account, over every parameter', async () => {
  world = await openWorld();
  const answer = await fetch(`${world.url}/2/tweets`, { method: 'POST', body: '{"text":"x"}' });
  expect(answer.status).toBe(401);
  const asApp = await fetch(`${world.url}/2/tweets`, {
    method: 'POST',
    headers: { authorization: 'Bearer bearer-token' },
    body: '{"text":"x"}',
  });
  expect(asApp.status).toBe(403);
});
