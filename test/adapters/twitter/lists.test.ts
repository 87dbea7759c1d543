import { afterEach, expect, test } from '@jest/globals';
import { XClient } from '../../../adapters/twitter/client.js';
import { checked, firstCursor, knowing, readCursor, searched } from '../../../adapters/twitter/cursor.js';
import { pagesOf, searchList } from '../../../adapters/twitter/lists.js';
import { idAt, timeOfId } from '../../../adapters/twitter/snowflake.js';
import { serve, type Stand } from '../../support/stand.js';
import { budi, CHANNEL, HANDLE, never, openWorld, run, settingsAt, type World } from './helpers.js';

let world: World | undefined;
let stand: Stand | undefined;
afterEach(async () => {
  await world?.close();
  await stand?.close();
  world = stand = undefined;
});

const NOW = new Date('2026-11-25T01:00:00Z');
const minutesAgo = (minutes: number) => idAt(NOW.getTime() - minutes * 60_000);
const write = (text: string, subject?: string) =>
  world?.x.write({
    channelId: CHANNEL,
    from: budi.username,
    text,
    ...(subject !== undefined && { subject }),
  });

test('an id carries the time of its post', () => {
  expect(new Date(timeOfId('1460323737035677698')).toISOString()).toMatch(/^2021-11-15T19:08:05/);
  expect(timeOfId(idAt(NOW.getTime()))).toBe(NOW.getTime());
});

test('since_id is the same on every page, and the cursor moves after the last, from the newest of the first', async () => {
  const page = (ids: readonly string[], next?: string) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      data: ids.map((id) => ({ id, text: '#laporpengaduan', author_id: '42' })),
      meta: { newest_id: ids[0], ...(next !== undefined && { next_token: next }) },
    }),
  });
  const ids = [minutesAgo(1), minutesAgo(2), minutesAgo(3), minutesAgo(4)];
  stand = await serve(({ target }) => {
    const token = new URL(target, 'http://x').searchParams.get('next_token');
    if (token === null) return page(ids.slice(0, 2), 'b');
    // A post that comes while we read does not move what we ask for.
    return token === 'b' ? page([ids[2] ?? ''], 'c') : page([ids[3] ?? '']);
  });
  const client = new XClient(settingsAt(stand.url), { now: () => NOW });
  const sinceId = minutesAgo(30);
  const pages: unknown[] = [];
  for await (const one of pagesOf(
    client,
    searchList('#laporpengaduan'),
    { sinceId },
    { now: NOW, signal: never() },
  )) {
    pages.push(one.newestId);
  }
  expect(pages).toEqual([ids[0], ids[2], ids[3]]);
  const queries = stand.requests.map(({ target }) => new URL(target, 'http://x').searchParams);
  expect(queries.map((query) => query.get('since_id'))).toEqual([sinceId, sinceId, sinceId]);
  expect(queries.map((query) => query.get('next_token'))).toEqual([null, 'b', 'c']);
  expect(queries.map((query) => query.get('max_results'))).toEqual(['100', '100', '100']);
  expect(stand.requests[0]?.headers['authorization']).toBe('Bearer bearer-token');
});

test('what is older than seven days is asked for from seven days ago on', async () => {
  stand = await serve(() => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"meta":{}}',
  }));
  const client = new XClient(settingsAt(stand.url), { now: () => NOW });
  const bounds = { now: NOW, until: new Date('2026-11-24T00:00:00Z'), signal: never() };
  for await (const _ of pagesOf(client, searchList('#x'), { sinceId: minutesAgo(20 * 1_440) }, bounds))
    void _;
  const query = new URL(stand.requests[0]?.target ?? '', 'http://x').searchParams;
  expect(query.get('since_id')).toBeNull();
  expect(query.get('start_time')).toBe('2026-11-18T01:10:00Z');
  expect(query.get('end_time')).toBe('2026-11-24T00:00:00Z');
});

test('a path in front of the API is kept, and a 2xx that is no page is told', async () => {
  stand = await serve(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }));
  const client = new XClient(settingsAt(`${stand.url}/x/`), { now: () => NOW });
  const pages = pagesOf(client, searchList('#x'), { from: NOW }, { now: NOW, signal: never() });
  await expect(pages.next()).rejects.toMatchObject({ code: 'bad_response' });
  expect(stand.requests[0]?.target).toMatch(/^\/x\/2\/tweets\/search\/recent\?/);
});

test('the cursor moves with posts and with the clock, never back', () => {
  const first = firstCursor(NOW);
  expect(first.sinceId).toBe(minutesAgo(10));
  const byPost = searched(first, minutesAgo(2), NOW);
  expect(byPost.sinceId).toBe(minutesAgo(3));
  expect(searched(byPost, undefined, NOW).sinceId).toBe(byPost.sinceId);
  const later = new Date(NOW.getTime() + 3_600_000);
  expect(searched(byPost, undefined, later).sinceId).toBe(minutesAgo(-50));
  expect(readCursor(JSON.parse(JSON.stringify(byPost)))).toEqual(byPost);
  for (const broken of [undefined, null, {}, { sinceId: 'x' }, 'text'])
    expect(readCursor(broken)).toBeUndefined();
});

test('known posts are bounded, and old ones are forgotten', () => {
  const posts = Array.from({ length: 400 }, (_, index) => [minutesAgo(400 - index), '42'] as const);
  const cursor = knowing(firstCursor(NOW), [[minutesAgo(8 * 1_440), '42'], ...posts], NOW);
  expect(cursor.known).toHaveLength(300);
  expect(cursor.known.at(-1)?.[0]).toBe(minutesAgo(1));
  const gone = new Set([minutesAgo(1)]);
  expect(checked(cursor, gone, NOW).known).toHaveLength(299);
});

test('without the stream the search is polled, over pages, each post once', async () => {
  world = await openWorld({ settings: { mode: 'poll', pollSeconds: 5 } });
  for (let count = 0; count < 230; count++) await write(`#laporpengaduan nomor ${count}`);
  const running = run(world.source('search'));
  await running.until(230);
  expect(new Set(running.ids()).size).toBe(230);
  await running.stop();
  expect(world.channel.pull.sources.map(({ name }) => name)).toEqual(['search']);

  // Started anew from its cursor: what came in between, and of the rest a little again.
  const between = await write('#laporpengaduan di sela');
  const again = run(world.source('search'), running.cursor());
  await again.until(1);
  expect(again.ids()).toContain(between?.id);
  await again.stop();
});

test('mentions without the tag come by the list of mentions, our own and retweets do not', async () => {
  world = await openWorld({ settings: { mentionsSeconds: 5 } });
  const { id } = (await write(`${HANDLE} kapan lampu diperbaiki?`)) ?? { id: '' };
  await write('', `retweet:${id}`);
  world.x.posts.add({ author: world.x.posts.account, text: `${HANDLE} kami sendiri` });
  const running = run(world.source('mentions'));
  await running.until(1);
  expect(running.events()).toMatchObject([
    { externalId: id, thread: { addressed: true, conversationId: id } },
  ]);
  await running.stop();
});

test('an answer to our answer names the conversation and what it answers', async () => {
  world = await openWorld({ settings: { mentionsSeconds: 5 } });
  const first = await write(`${HANDLE} lampu padam #laporpengaduan`);
  const ours = world.x.posts.add({
    author: world.x.posts.account,
    text: 'Terima kasih.',
    answers: first?.id ?? '',
  });
  const second = await write('Sudah menyala', `reply:${ours.id}`);
  const running = run(world.source('mentions'));
  await running.until(2);
  expect(running.events().find(({ externalId }) => externalId === second?.id)).toMatchObject({
    thread: { conversationId: first?.id, references: [ours.id], addressed: true },
  });
  await running.stop();
});

test('a post that its author has deleted is withdrawn, once', async () => {
  world = await openWorld({ settings: { mode: 'poll', deletedHours: 1e-9 } });
  const kept = await write('#laporpengaduan tetap');
  const gone = await write('#laporpengaduan ditarik');
  const first = run(world.source('search'));
  await first.until(2);
  await first.stop();
  await write('', `delete:${gone?.id}`);
  const second = run(world.source('search'), first.cursor());
  // The other post once more, as the search begins a little before the cursor.
  await second.until(2);
  const withdrawn = second.events().filter(({ type }) => type === 'withdrawal');
  expect(withdrawn).toMatchObject([
    { of: 'message', externalId: gone?.id, from: { scheme: 'x', value: budi.id } },
  ]);
  await second.stop();
  const third = run(world.source('search'), second.cursor());
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  await third.stop();
  expect(third.events().filter(({ type }) => type === 'withdrawal')).toEqual([]);
  expect(third.ids()).toContain(kept?.id);
});

test('backfill and list have the past, without a cursor', async () => {
  world = await openWorld({ settings: { mentionsSeconds: 5 } });
  const tagged = await write(`${HANDLE} #laporpengaduan keduanya`);
  const mention = await write(`${HANDLE} hanya sebutan`);
  const since = new Date(Date.now() - 60_000);
  const taken: string[] = [];
  for (const source of world.channel.pull.sources) {
    await source.backfill?.(
      {
        putBlob: () => Promise.resolve(''),
        accept: (items, cursor) => {
          expect(cursor).toBeUndefined();
          taken.push(...items.flatMap(({ parsed }) => parsed.events.map(({ externalId }) => externalId)));
          return Promise.resolve();
        },
      },
      since,
      never(),
    );
  }
  expect(new Set(taken)).toEqual(new Set([tagged?.id, mention?.id]));
  const listed: string[] = [];
  for await (const { externalId } of world.channel.list(since, new Date(Date.now() + 1_000)))
    listed.push(externalId);
  expect(listed).toHaveLength(2);
  expect(new Set(listed)).toEqual(new Set([tagged?.id, mention?.id]));
});
