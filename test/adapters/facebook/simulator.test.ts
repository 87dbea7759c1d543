import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { facebookSimulator } from '../../../adapters/facebook/simulator.js';
import type { ChannelAdapter, Parsed } from '../../../src/core/channel.js';
import type { InboundEvent, InboundMessage } from '../../../src/core/message.js';
import { serve, type Stand } from '../../support/stand.js';
import { errorOf, signal } from '../shared/meta/helpers.js';
import { adapterFor, commentReply, playedFacebook, reply } from './helpers.js';

const MESSENGER = 'facebook';
const COMMENTS = 'facebook--komentar';

describe('the played page', () => {
  let played: Awaited<ReturnType<typeof playedFacebook>>;
  let gateway: Stand;
  let adapter: ChannelAdapter;
  let events: InboundEvent[];
  let rejected: Parsed['rejected'][number][];
  let answers: number[];

  beforeEach(async () => {
    events = [];
    rejected = [];
    answers = [];
    // As the real route: verify, parse, answer.
    gateway = await serve((request) => {
      const status = answers.shift();
      if (status !== undefined) return { status, headers: {}, body: '' };
      adapter.webhook?.verify(request);
      const parsed = adapter.webhook?.parse(request);
      events.push(...(parsed?.events ?? []));
      rejected.push(...(parsed?.rejected ?? []));
      return { status: 200, headers: {}, body: '' };
    });
    played = await playedFacebook(gateway.url);
    adapter = adapterFor(played.stand.url, {}, { clock: { now: () => new Date() } });
  });
  afterEach(async () => {
    await adapter.close?.();
    await played.close();
    await gateway.close();
  });

  async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !condition(); i++) await sleep(20);
    expect(condition()).toBe(true);
  }
  const write = (text: string, channelId = MESSENGER, from = 'Nona Latuconsina') =>
    played.simulator.write({ channelId, from, text });
  const shown = (channelId = MESSENGER, from = 'Nona Latuconsina') =>
    played.simulator.conversation(channelId, from);

  function first(): InboundMessage {
    const message = events.find((event) => event.type === 'message');
    if (!message) throw new Error('nothing came');
    return message;
  }
  const to = () => ({ to: first().from, lastInboundAt: new Date(first().sentAt ?? '') });
  const threaded = () => ({
    thread: { conversationId: first().externalId, references: [first().externalId] },
  });

  test('a chat: what is written comes in, what is answered is seen, and its states come back', async () => {
    const text = "Jum'at malam 😀 jalan P\u00e4timura/Passo";
    await write(text);
    expect(first()).toMatchObject({ text, from: { scheme: 'fb-psid' } });
    const sent = await adapter.send?.(reply(to()), signal());
    await until(() => events.length === 3);
    expect(events.slice(1)).toMatchObject([
      { type: 'delivery', externalId: sent?.externalId, outboxId: '0193-outbox', state: 'sent' },
      { type: 'delivery', externalId: sent?.externalId, state: 'delivered' },
    ]);
    await until(() => shown().at(-1)?.state === 'read');
    expect(shown().map(({ direction, text: said }) => [direction, said])).toEqual([
      ['out', text],
      ['in', reply().text],
    ]);
  });

  test('a comment: answered below it, for all to see', async () => {
    await write('Air mati', COMMENTS);
    expect(first()).toMatchObject({
      text: 'Air mati',
      from: { scheme: 'fb-user', name: 'Nona Latuconsina' },
    });
    await adapter.send?.(commentReply({ ...to(), ...threaded() }), signal());
    expect(
      shown(COMMENTS)
        .map(({ direction, text }) => [direction, text])
        .slice(1),
    ).toEqual([
      ['out', 'Air mati'],
      ['in', reply().text],
    ]);
    expect(shown()).toEqual([]);
    // Who was answered goes on in the same thread.
    await write('Masih mati', COMMENTS);
    const [, second] = events.filter((event) => event.type === 'message');
    expect(second?.thread).toMatchObject({ conversationId: first().externalId });
  });

  test('a secret comment: answered in Messenger, once, and nothing stands below the post', async () => {
    await write('RAHASIA Pungutan liar', COMMENTS);
    const message = commentReply({ ...to(), ...threaded(), confidentiality: 'secret' });
    await adapter.send?.(message, signal());
    expect(shown(COMMENTS).map(({ direction }) => direction)).toEqual(['in', 'out']);
    expect(shown()).toMatchObject([{ direction: 'in', text: reply().text, subject: expect.any(String) }]);
    expect(await errorOf(adapter.send?.(message, signal()))).toMatchObject({
      code: 'not_permitted',
      providerCode: '10900',
    });
  });

  test.each([
    ['older-than-24-hours', 'HUMAN_AGENT'],
    ['older-than-7-days', undefined],
  ])('%s: who writes is told by the window', async (fault, expected) => {
    played.simulator.setFault(fault, 1);
    await write('lama');
    const byMachine = await errorOf(adapter.send?.(reply({ ...to(), automated: true }), signal()));
    expect(byMachine).toMatchObject({ code: 'not_permitted', providerCode: '10/2018278' });
    const byPerson = adapter.send?.(reply(to()), signal());
    if (expected !== undefined) expect(await byPerson).toMatchObject({ externalId: expect.any(String) });
    else expect(await errorOf(byPerson)).toMatchObject({ code: 'not_permitted', retry: 'never' });
  });

  test.each([
    ['http-429', 'throttled', 'not_sent', 0],
    ['code-613', 'throttled', 'not_sent', 0],
    ['http-500', 'connection', 'not_sent', 0],
    ['code-190', 'config', 'not_sent', 0],
    ['code-10', 'not_permitted', 'not_sent', 0],
    ['accepted-no-answer', 'connection', 'unknown', 1],
  ])('%s is %s, %s', async (fault, code, certainty, taken) => {
    await write('x');
    played.simulator.setFault(fault, 1);
    const message = reply({ ...to(), automated: true });
    expect(await errorOf(adapter.send?.(message, signal()))).toMatchObject({ code, certainty });
    const ledger = await (await fetch(`${played.stand.url}/__ledger`)).json();
    expect(ledger).toHaveLength(taken);
  });

  test('no answer within the time given: nobody knows', async () => {
    played.simulator.setFault('timeout', 1);
    const error = await errorOf(adapter.send?.(reply(), AbortSignal.timeout(200)));
    expect(error).toMatchObject({ code: 'connection', certainty: 'unknown' });
  });

  test('a lost answer is found again: by its echo, and by looking', async () => {
    await write('x');
    played.simulator.setFault('accepted-no-answer', 1);
    const message = reply(to());
    await errorOf(adapter.send?.(message, signal()));
    await until(() => events.some((event) => event.type === 'delivery' && event.outboxId === message.id));
    const now = new Date();
    const attempt = {
      message,
      startedAt: new Date(now.getTime() - 1_000),
      now,
      isClaimed: () => Promise.resolve(false),
    };
    expect(await adapter.reconcile?.(attempt, signal())).toMatchObject({ state: 'sent' });
  });

  test('duplicate, and poison that spoils nothing', async () => {
    played.simulator.setFault('duplicate', 1);
    await write('dua kali');
    expect(new Set(events.map(({ externalId }) => externalId)).size).toBe(1);
    expect(events).toHaveLength(2);
    played.simulator.setFault('poison', 1);
    await write('beracun');
    expect(events).toHaveLength(3);
    expect(rejected).toMatchObject([{ reason: 'message.mid is missing' }]);
  });

  test('near the limit of calls we are quiet by ourselves', async () => {
    played.simulator.setFault('usage', 1);
    await adapter.send?.(reply(), signal());
    const before = played.stand.requests.length;
    expect(await errorOf(adapter.send?.(reply(), signal()))).toMatchObject({
      code: 'throttled',
      providerCode: 'usage',
    });
    expect(played.stand.requests).toHaveLength(before);
  });

  test('an unsubscribed page is silent until the probe subscribes it again; nothing is lost', async () => {
    played.simulator.setFault('unsubscribed', 1);
    await write('tidak terdengar');
    expect(events).toHaveLength(0);
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'degraded' });
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'ok' });
    await write('terdengar');
    expect(events).toMatchObject([{ text: 'terdengar' }]);
    const listed = [];
    for await (const one of adapter.list?.(new Date(Date.now() - 60_000), new Date()) ?? [])
      listed.push(one.text);
    expect(new Set(listed)).toEqual(new Set(['tidak terdengar', 'terdengar']));
  });

  test('tries again after 503, with the same body', async () => {
    answers = [503, 503];
    await write('x');
    await until(() => events.length === 1);
    const [one, ...others] = gateway.requests.map(({ body }) => body.toString());
    expect(others).toEqual([one, one]);
  });

  test('refuses a wrong token, and a right one without its proof', async () => {
    const ask = (authorization: string) =>
      fetch(`${played.stand.url}/v26.0/me`, { headers: { authorization } }).then((answer) => answer.status);
    expect(await ask('Bearer x')).toBe(401);
    expect(await ask('Bearer EAA-a-page-token-for-tests')).toBe(401);
  });

  test('tells both devices, and knows its faults', async () => {
    const changes: string[][] = [];
    const stop = played.simulator.onChange((...change) => changes.push(change));
    await write('x');
    stop();
    await write('y');
    expect(changes).toEqual([
      [MESSENGER, 'Nona Latuconsina'],
      [COMMENTS, 'Nona Latuconsina'],
    ]);
    expect(() => played.simulator.setFault('nonsense', 1)).toThrow('nonsense');
    expect(() => shown('sms-1708')).toThrow('not played');
  });
});

test('the demo needs no values of its own', () => {
  const secret = (bytes: number) => 'ab'.repeat(bytes);
  expect(
    facebookSimulator.demoEnvironment('http://127.0.0.1:8080/simulator/facebook', secret, () => 1),
  ).toEqual({
    FB_APP_SECRET: 'ab'.repeat(16),
    FB_VERIFY_TOKEN: 'ab'.repeat(16),
    FB_PAGE_ID: '104070110021997',
    FB_PAGE_ACCESS_TOKEN: `EAA${'ab'.repeat(24)}`,
    GRAPH_API_URL: 'http://127.0.0.1:8080/simulator/facebook',
  });
});
