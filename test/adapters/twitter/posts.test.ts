import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { readPage } from '../../../adapters/twitter/payload.js';
import { parseOrKeep, parsePost, pullRequest } from '../../../adapters/twitter/posts.js';
import { UnparsableError } from '../../../src/core/channel.js';
import { ACCOUNT_ID, CHANNEL } from './helpers.js';

const AT = new Date('2026-11-25T00:00:00Z');
const parse = (payload: unknown) => parsePost(pullRequest('x:stream', payload, ACCOUNT_ID, AT), CHANNEL);
const captured = z
  .object({ data: z.looseObject({}), includes: z.looseObject({}) })
  .parse(
    JSON.parse(
      readFileSync(new URL('../../fixtures/twitter/reply-with-photo.json', import.meta.url), 'utf8'),
    ),
  );

const post = (over: object, includes: object = {}) => ({
  data: { id: '2125000000000000300', text: 'Jalan berlubang #laporpengaduan', author_id: '42', ...over },
  includes,
});

test('a reply with a picture and a video', () => {
  expect(parse(captured)).toEqual({
    events: [
      {
        type: 'message',
        channelId: CHANNEL,
        externalId: '2125000000000000200',
        from: { scheme: 'x', value: '2244990011', name: 'Petrus L. (@petrus_l_ambon)' },
        text: '@tabea_ambon Air selokan meluap & masuk rumah, <1 m lagi #laporpengaduan https://t.co/Ab12Cd34Ef',
        attachments: [
          {
            name: '3_2125000000000000001.jpg',
            contentType: 'image/jpeg',
            url: 'https://pbs.twimg.com/media/Gh1.jpg',
          },
          {
            name: '7_2125000000000000002.mp4',
            contentType: 'video/mp4',
            url: 'https://video.twimg.com/2/vid/640x360/b.mp4',
          },
        ],
        thread: {
          conversationId: '2125000000000000100',
          references: ['2125000000000000150'],
          addressed: true,
        },
        automated: false,
        sentAt: '2026-11-24T23:59:31.000Z',
        receivedAt: AT.toISOString(),
      },
    ],
    ignored: [],
    rejected: [{ part: '3_2125000000000000009', reason: 'no_address: X names no address of this file' }],
  });
});

test.each([
  ['a bare hashtag', post({}), false],
  ['a mention', post({ entities: { mentions: [{ id: ACCOUNT_ID, username: 'tabea_ambon' }] } }), true],
  ['a mention of somebody else', post({ entities: { mentions: [{ id: '7', username: 'lain' }] } }), false],
  [
    'a mention far down in a long post',
    post({ note_tweet: { text: 'x', entities: { mentions: [{ id: ACCOUNT_ID }] } } }),
    true,
  ],
  [
    'a quote of our post',
    post(
      { referenced_tweets: [{ type: 'quoted', id: '9' }] },
      { tweets: [{ id: '9', text: 'Kerja bakti', author_id: ACCOUNT_ID }] },
    ),
    true,
  ],
  [
    'a quote of another’s post',
    post(
      { referenced_tweets: [{ type: 'quoted', id: '9' }] },
      { tweets: [{ id: '9', text: 'x', author_id: '8' }] },
    ),
    false,
  ],
])('%s summons us: %#', (_, payload, addressed) => {
  expect(parse(payload).events).toMatchObject([{ thread: { addressed } }]);
});

test('what a quoted post says stands folded below the citizen’s own words', () => {
  const payload = post(
    { referenced_tweets: [{ type: 'quoted', id: '9' }] },
    { tweets: [{ id: '9', text: 'Lampu &amp; jalan', author_id: '8' }] },
  );
  expect(parse(payload).events).toMatchObject([{ quoted: 'Lampu & jalan', thread: { references: ['9'] } }]);
});

test('a post longer than 280 characters is taken whole', () => {
  const text = 'Panjang '.repeat(100);
  expect(parse(post({ note_tweet: { text } })).events).toMatchObject([{ text }]);
});

test('retweets and our own posts are left, with a reason', () => {
  const retweet = parse(post({ referenced_tweets: [{ type: 'retweeted', id: '9' }] }));
  expect(retweet.events).toEqual([]);
  expect(retweet.ignored).toEqual([
    { part: '2125000000000000300', reason: expect.stringMatching(/^retweet: /) },
  ]);
  const own = parse(post({ author_id: ACCOUNT_ID }));
  expect(own.events).toEqual([]);
  expect(own.ignored[0]?.reason).toMatch(/^own_post: /);
});

test('an edited post is a version of the first one, and brings it along', () => {
  const payload = post({ edit_history_tweet_ids: ['2125000000000000290', '2125000000000000300'] });
  expect(parse(payload).events).toMatchObject([
    { type: 'message', externalId: '2125000000000000290' },
    { type: 'edit', externalId: '2125000000000000290', version: '2125000000000000300' },
  ]);
});

test('a deleted post is a withdrawal', () => {
  expect(parse({ withdrawn: { id: '5', author_id: '42' } }).events).toEqual([
    {
      type: 'withdrawal',
      channelId: CHANNEL,
      of: 'message',
      externalId: '5',
      from: { scheme: 'x', value: '42' },
      receivedAt: AT.toISOString(),
    },
  ]);
});

test.each([[{}], [{ data: {} }], [{ data: { id: 'x', text: 'y', author_id: '1' } }], [null], ['text']])(
  '%j is no post: kept whole',
  (payload) => {
    expect(() => parse(payload)).toThrow(UnparsableError);
    const kept = parseOrKeep(pullRequest('x:stream', payload, ACCOUNT_ID, AT), CHANNEL);
    expect(kept).toEqual({ events: [], ignored: [], rejected: [] });
  },
);

test('a page’s posts each take along what they refer to, and nothing else', () => {
  const [first, second] = [post({ id: '2' }).data, { id: 'broken' }];
  const page = readPage({
    data: [first, second, captured.data],
    includes: { ...captured.includes, users: [{ id: '42', name: 'Ani', username: 'ani' }] },
    meta: { newest_id: '9', next_token: 't' },
  });
  expect(page).toMatchObject({ newestId: '9', nextToken: 't' });
  expect(page?.payloads[0]).toEqual({
    data: first,
    includes: { users: [{ id: '42', name: 'Ani', username: 'ani' }], media: [], tweets: [] },
  });
  expect(page?.payloads[1]).toEqual({ data: second });
  expect(page?.payloads[2]).toMatchObject({ includes: { media: [{}, {}], tweets: [{}] } });
  expect(readPage('nothing')).toBeUndefined();
  expect(readPage({ meta: { result_count: 0 } })?.payloads).toEqual([]);
});
