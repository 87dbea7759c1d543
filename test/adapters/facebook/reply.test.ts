import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, RawReply, RawRequest } from '../../../src/core/channel.js';
import { serve, type Stand } from '../../support/stand.js';
import {
  ago,
  attemptOf,
  DAY_MS,
  errorOf,
  HOUR_MS,
  json,
  problem,
  signal,
  written,
} from '../shared/meta/helpers.js';
import { adapterFor, COMMENT, commentReply, PAGE, POST, PSID, reply, TOKEN, USER } from './helpers.js';

let stand: Stand | undefined;
let adapter: ChannelAdapter | undefined;
afterEach(async () => {
  await adapter?.close?.();
  await stand?.close();
});

async function answering(
  answer: (request: RawRequest) => RawReply | undefined,
  settings = {},
): Promise<ChannelAdapter> {
  stand = await serve(answer);
  adapter = adapterFor(stand.url, settings);
  return adapter;
}

const taken = () => json(200, { recipient_id: PSID, message_id: 'm_out', id: '1001_9' });
const sentBodies = () => written(stand?.requests ?? []);
const closed = problem(400, 10, 2018278);
const tagOf = (body: unknown) =>
  typeof body === 'object' && body !== null && 'tag' in body ? body.tag : undefined;

describe('in Messenger', () => {
  test('within a day it is a RESPONSE that carries our id', async () => {
    const facebook = await answering(taken);
    expect(await facebook.send?.(reply({ lastInboundAt: ago(HOUR_MS) }), signal())).toEqual({
      externalId: 'm_out',
    });
    expect(sentBodies()).toEqual([
      {
        path: `/v26.0/${PAGE}/messages`,
        body: {
          recipient: { id: PSID },
          messaging_type: 'RESPONSE',
          message: { text: 'Laporan Anda kami teruskan.', metadata: 'tabea:0193-outbox' },
        },
      },
    ]);
  });

  test('after a day what a person wrote is tagged HUMAN_AGENT', async () => {
    const facebook = await answering(taken);
    await facebook.send?.(reply({ lastInboundAt: ago(DAY_MS) }), signal());
    expect(sentBodies()).toMatchObject([{ body: { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' } }]);
  });

  test('what the machine wrote is never tagged, however late', async () => {
    const facebook = await answering(() => closed);
    for (const lastInboundAt of [ago(DAY_MS), ago(8 * DAY_MS), undefined]) {
      const message = reply({ automated: true, ...(lastInboundAt && { lastInboundAt }) });
      const error = await errorOf(facebook.send?.(message, signal()));
      expect(error).toMatchObject({ code: 'not_permitted', retry: 'never', certainty: 'not_sent' });
    }
    expect(sentBodies().map(({ body }) => tagOf(body))).toEqual([undefined, undefined, undefined]);
  });

  test("Meta's clock has the last word: refused as too late, a person's is tagged", async () => {
    let first = true;
    const facebook = await answering(() => {
      const answer = first ? closed : taken();
      first = false;
      return answer;
    });
    expect(await facebook.send?.(reply({ lastInboundAt: ago(HOUR_MS) }), signal())).toEqual({
      externalId: 'm_out',
    });
    expect(sentBodies().map(({ body }) => tagOf(body))).toEqual([undefined, 'HUMAN_AGENT']);
  });

  test('without the feature nothing is tagged', async () => {
    const facebook = await answering(() => closed, { humanAgent: false });
    await errorOf(facebook.send?.(reply({ lastInboundAt: ago(2 * DAY_MS) }), signal()));
    expect(sentBodies().map(({ body }) => tagOf(body))).toEqual([undefined]);
  });

  test('another refusal is not tried in another way', async () => {
    const facebook = await answering(() => problem(400, 551));
    await errorOf(facebook.send?.(reply(), signal()));
    expect(sentBodies()).toHaveLength(1);
  });
});

describe('to a comment', () => {
  test('of a public case: below it', async () => {
    const facebook = await answering(taken);
    expect(await facebook.send?.(commentReply(), signal())).toEqual({ externalId: '1001_9' });
    expect(sentBodies()).toEqual([
      { path: `/v26.0/${COMMENT}/comments`, body: { message: 'Laporan Anda kami teruskan.' } },
    ]);
  });

  test.each(['secret', 'anonymous', undefined] as const)(
    'of a case that is %s: never publicly',
    async (confidentiality) => {
      const facebook = await answering(taken);
      const { confidentiality: _, ...unknown } = commentReply();
      const message = confidentiality === undefined ? unknown : { ...unknown, confidentiality };
      expect(await facebook.send?.(message, signal())).toEqual({ externalId: 'm_out' });
      expect(sentBodies()).toMatchObject([
        { path: `/v26.0/${PAGE}/messages`, body: { recipient: { comment_id: COMMENT } } },
      ]);
    },
  );

  test('the one private reply is not used up by the machine', async () => {
    const facebook = await answering(taken);
    const error = await errorOf(
      facebook.send?.(commentReply({ confidentiality: 'secret', automated: true }), signal()),
    );
    expect(error).toMatchObject({ code: 'not_permitted', retry: 'never', certainty: 'not_sent' });
    expect(stand?.requests).toHaveLength(0);
  });

  test('the answer to a command belongs to no case, and is nobody else’s to read', async () => {
    const facebook = await answering(taken);
    const { confidentiality: _, ...command } = commentReply({ automated: true });
    await facebook.send?.(command, signal());
    expect(sentBodies()).toMatchObject([{ body: { recipient: { comment_id: COMMENT } } }]);
  });

  test("a visitor's post is named as such", async () => {
    const facebook = await answering(taken);
    const thread = { conversationId: POST, references: [POST] };
    await facebook.send?.(commentReply({ thread, confidentiality: 'secret' }), signal());
    expect(sentBodies()).toMatchObject([{ body: { recipient: { post_id: POST } } }]);
  });

  test('a second private reply is refused for good', async () => {
    const facebook = await answering(() => problem(400, 10900));
    const error = await errorOf(facebook.send?.(commentReply({ confidentiality: 'secret' }), signal()));
    expect(error).toMatchObject({ code: 'not_permitted', retry: 'never' });
  });

  test('without a comment nothing is sent, and that is certain', async () => {
    const facebook = await answering(taken);
    const { thread: _, ...lost } = commentReply();
    expect(await errorOf(facebook.send?.(lost, signal()))).toMatchObject({
      code: 'rejected',
      certainty: 'not_sent',
    });
  });

  test('8,000 characters fit there, and 2,000 in Messenger', async () => {
    const facebook = await answering(taken);
    const text = 'a'.repeat(8_000);
    await facebook.send?.(commentReply({ text }), signal());
    for (const message of [commentReply({ text: `${text}a` }), reply({ text: 'a'.repeat(2_001) })]) {
      expect(await errorOf(facebook.send?.(message, signal()))).toMatchObject({
        code: 'rejected',
        certainty: 'not_sent',
      });
    }
    expect(stand?.requests).toHaveLength(1);
  });
});

test.each<[string, () => RawReply | undefined]>([
  ['an answer without an id', () => json(200, {})],
  ['no answer', () => undefined],
])('%s leaves it open whether it was sent', async (_name, answer) => {
  const facebook = await answering(answer);
  for (const message of [reply(), commentReply(), commentReply({ confidentiality: 'secret' })]) {
    const error = await errorOf(facebook.send?.(message, signal()));
    expect(error).toMatchObject({ certainty: 'unknown' });
    for (const secret of [message.text, PSID, USER, TOKEN])
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
  }
});

describe('reconciling', () => {
  const time = (ms: number) =>
    ago(ms, new Date())
      .toISOString()
      .replace(/\.\d+Z$/, '+0000');
  const ours = (over: object = {}) => ({
    id: 'm_out',
    created_time: time(50_000),
    from: { id: PAGE },
    message: 'Laporan Anda kami teruskan.',
    ...over,
  });
  const lists = (messages: object[], comments: object[] = [], conversations: object[] = [{ id: 't_1' }]) =>
    answering(({ target }) => {
      if (target.includes('/conversations')) return json(200, { data: conversations });
      if (target.includes('/t_1/messages')) return json(200, { data: messages });
      if (target.includes('/comments')) return json(200, { data: comments });
      if (target.includes('private_reply_conversation')) {
        return json(
          200,
          messages.length === 0 ? {} : { private_reply_conversation: { messages: { data: messages } } },
        );
      }
      return json(200, { id: PAGE });
    });

  test.each<[string, object[], object]>([
    ['the message is there', [ours()], { state: 'sent', externalId: 'm_out' }],
    [
      'with other spaces and line ends',
      [ours({ message: 'Laporan Anda kami teruskan.\r\n' })],
      { state: 'sent' },
    ],
    ['of before the attempt', [ours({ created_time: time(200_000) })], { state: 'not_sent' }],
    ['of the citizen', [ours({ from: { id: PSID } })], { state: 'not_sent' }],
    ['with other words', [ours({ message: 'x' })], { state: 'not_sent' }],
    ['without a time', [ours({ created_time: undefined })], { state: 'sent' }],
    ['twice', [ours(), ours({ id: 'm_out2' })], { state: 'unknown' }],
    ['one of them claimed', [ours(), ours({ id: 'm_claimed' })], { state: 'sent', externalId: 'm_out' }],
    ['without its words', [ours({ message: undefined })], { state: 'unknown' }],
    ['without anything', [{ id: 'm_veiled', created_time: time(50_000) }], { state: 'unknown' }],
    ['a picture', [ours({ message: '' })], { state: 'not_sent' }],
    ['nothing', [], { state: 'not_sent' }],
  ])('in Messenger: %s', async (_name, messages, expected) => {
    const facebook = await lists(messages);
    expect(await facebook.reconcile?.(attemptOf(reply(), 61_000, ['m_claimed']), signal())).toMatchObject(
      expected,
    );
  });

  test('no conversation with somebody who wrote to us is no proof of anything', async () => {
    const facebook = await lists([], [], []);
    expect(await facebook.reconcile?.(attemptOf(reply(), 600_000), signal())).toMatchObject({
      state: 'unknown',
    });
  });

  test('earlier than a minute an absence is not believed', async () => {
    const facebook = await lists([]);
    expect(await facebook.reconcile?.(attemptOf(reply(), 59_000), signal())).toMatchObject({
      state: 'unknown',
    });
  });

  test('a comment is looked for below, and in what was said privately', async () => {
    const below = await lists([], [ours({ id: '1001_9' })]);
    expect(await below.reconcile?.(attemptOf(commentReply(), 61_000), signal())).toEqual({
      state: 'sent',
      externalId: '1001_9',
    });
    await stand?.close();
    const privately = await lists([ours()]);
    const secret = commentReply({ confidentiality: 'secret' });
    expect(await privately.reconcile?.(attemptOf(secret, 61_000), signal())).toEqual({
      state: 'sent',
      externalId: 'm_out',
    });
    await stand?.close();
    const nowhere = await lists([]);
    expect(await nowhere.reconcile?.(attemptOf(commentReply(), 61_000), signal())).toEqual({
      state: 'not_sent',
    });
  });

  test.each([
    problem(400, 190),
    json(200, { data: null }),
    json(200, {}),
    { status: 200, headers: {}, body: '[' },
  ])('a list that cannot be had is an error or a doubt, never an absence', async (answer) => {
    const facebook = await answering(({ target }) =>
      target.includes('?fields=id&') ? json(200, { id: PAGE }) : answer,
    );
    const end = await facebook
      .reconcile?.(attemptOf(reply(), 600_000), signal())
      .catch(() => ({ state: 'error' }));
    expect(['error', 'unknown']).toContain(end?.state);
  });

  test("an error of our own store is not Meta's", async () => {
    const facebook = await lists([ours()]);
    const isClaimed = () => Promise.reject(new Error('the database is away'));
    const attempt = { ...attemptOf(reply(), 61_000), isClaimed };
    await expect(facebook.reconcile?.(attempt, signal())).rejects.toThrow('the database is away');
  });
});
