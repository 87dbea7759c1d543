import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, RawReply } from '../../../src/core/channel.js';
import { serve, type Stand } from '../../support/stand.js';
import { adapterFor, attemptOf, CITIZEN, errorOf, LINE_NUMBER, reply, signal } from './helpers.js';

describe('reconciling', () => {
  let stand: Stand | undefined;
  let adapter: ChannelAdapter | undefined;
  afterEach(async () => {
    await adapter?.close?.();
    await stand?.close();
  });

  async function answering(answer: () => RawReply | undefined | Promise<RawReply | undefined>) {
    stand = await serve(answer);
    adapter = adapterFor(stand.url);
    return adapter;
  }
  const answer = (status: number, body: string): RawReply => ({ status, headers: {}, body });

  const listed = (message: object) => ({
    sid: 'SM1',
    direction: 'outbound-api',
    from: LINE_NUMBER,
    to: CITIZEN,
    body: reply().text,
    status: 'failed',
    date_created: new Date().toUTCString().replace('GMT', '+0000'),
    ...message,
  });
  const list = (...messages: object[]) => answer(200, JSON.stringify({ messages, next_page_uri: null }));

  test.each([
    ['a failed one counts: the provider has it', [listed({})], 'sent'],
    [
      'the prefix of a trial account',
      [listed({ body: `Sent from your Twilio trial account - ${reply().text}` })],
      'sent',
    ],
    ['one of before the attempt', [listed({ date_created: 'Mon, 01 Jan 2024 00:00:00 +0000' })], 'not_sent'],
    ['one that the citizen wrote', [listed({ direction: 'inbound' })], 'not_sent'],
    ['one whose text the provider has removed', [listed({ body: '' })], 'unknown'],
    ['one without a time that can be read', [listed({ date_created: null, date_sent: null })], 'sent'],
    ['the same one on two pages', [listed({}), listed({})], 'sent'],
    ['nothing', [], 'not_sent'],
  ])('with %s', async (_name, messages, state) => {
    const twilio = await answering(() => list(...messages));
    expect((await twilio.reconcile?.(attemptOf(reply(), 61_000), signal()))?.state).toBe(state);
  });

  test('a clock that is five minutes fast does not hide the message', async () => {
    const twilio = await answering(() => ({
      ...list(listed({})),
      headers: { date: new Date().toUTCString() },
    }));
    await twilio.close?.();
    if (!stand) throw new Error('no server');
    const fast = () => new Date(Date.now() + 5 * 60_000);
    adapter = adapterFor(stand.url, { clock: { now: fast } });
    const attempt = { ...attemptOf(reply(), 0), startedAt: new Date(fast().getTime() - 61_000), now: fast() };
    expect(await adapter.reconcile?.(attempt, signal())).toEqual({ state: 'sent', externalId: 'SM1' });
  });

  test('a list that cannot be had is an error, not an absence', async () => {
    const twilio = await answering(() => answer(500, ''));
    expect(await errorOf(twilio.reconcile?.(attemptOf(reply(), 61_000), signal()))).toMatchObject({
      name: 'ChannelError',
    });
  });

  test.each(['null', '[]', '{}', '{"messages":null}', '{"messages":[null]}', '[', '1'])(
    'a list that is %s is an error, not an absence',
    async (body) => {
      const twilio = await answering(() => answer(200, body));
      const error = await errorOf(twilio.reconcile?.(attemptOf(reply(), 61_000), signal()));
      expect(error.code).toBe('bad_response');
    },
  );

  test("an error of our own store is not the provider's", async () => {
    const twilio = await answering(() => list(listed({})));
    const isClaimed = () => Promise.reject(new Error('the database is away'));
    const attempt = { ...attemptOf(reply(), 61_000), isClaimed };
    await expect(twilio.reconcile?.(attempt, signal())).rejects.toThrow('the database is away');
  });
});
