import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, OutboundMessage } from '../../../src/core/channel.js';
import type { InboundEvent } from '../../../src/core/message.js';
import { smsSimulator } from '../../../adapters/sms/simulator.js';
import { serve, type Stand } from '../../support/stand.js';
import { ACCOUNT, adapterFor, CITIZEN, LINE_NUMBER, playedTwilio, TOKEN } from './helpers.js';

const reply: OutboundMessage = {
  id: 'outbox-1',
  channelId: 'sms-test',
  to: { scheme: 'tel', value: CITIZEN },
  text: 'Sudah kami terima',
  automated: false,
  attempt: 1,
};

describe('the played provider', () => {
  let played: Awaited<ReturnType<typeof playedTwilio>>;
  let gateway: Stand;
  let adapter: ChannelAdapter;
  let events: InboundEvent[];
  /** What the gateway answers next; then 200. */
  let answers: number[];

  beforeEach(async () => {
    events = [];
    answers = [];
    // As the real route: verify, parse, answer.
    gateway = await serve((request) => {
      const status = answers.shift();
      if (status !== undefined) return { status, headers: {}, body: '' };
      const webhook = request.target.includes('/status') ? adapter.statusWebhook : adapter.webhook;
      webhook?.verify(request);
      events.push(...(webhook?.parse(request).events ?? []));
      return webhook?.reply?.(request) ?? { status: 200, headers: {}, body: '' };
    });
    played = await playedTwilio(gateway.url);
    adapter = adapterFor(played.apiUrl);
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

  test('delivers what a citizen writes, signed for the public address', async () => {
    const text = "Jum'at, lampu padam di Jl. A+B & 100% gelap 😀 ";
    const written = await played.simulator.write({ channelId: 'sms-test', from: '081200000011', text });
    expect(events).toMatchObject([
      { type: 'message', externalId: written.id, from: { scheme: 'tel', value: CITIZEN }, text },
    ]);
    expect(played.simulator.conversation('sms-test', CITIZEN)).toEqual([
      expect.objectContaining({ direction: 'out', text, segments: 1 }),
    ]);
  });

  test('reports the states of a reply, in order', async () => {
    const sent = await adapter.send?.(reply, new AbortController().signal);
    await until(() => events.length === 2);
    expect(events).toMatchObject([
      { type: 'delivery', externalId: sent?.externalId, outboxId: 'outbox-1', state: 'sent' },
      { type: 'delivery', externalId: sent?.externalId, outboxId: 'outbox-1', state: 'delivered' },
    ]);
    expect(played.simulator.conversation('sms-test', CITIZEN).at(-1)).toMatchObject({
      direction: 'in',
      state: 'delivered',
    });
  });

  test('reports them out of order where told to', async () => {
    played.simulator.setFault('out-of-order', 1);
    await adapter.send?.(reply, new AbortController().signal);
    await until(() => events.length === 2);
    expect(events.map((event) => event.type === 'delivery' && event.state)).toEqual(['delivered', 'sent']);
  });

  test('delivers twice where told to, with one id', async () => {
    played.simulator.setFault('duplicate', 1);
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'x' });
    expect(events).toHaveLength(2);
    expect(new Set(events.map(({ externalId }) => externalId)).size).toBe(1);
  });

  test('tries again after 503, with the same body', async () => {
    answers = [503, 503];
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'x' });
    expect(events).toHaveLength(0);
    await until(() => events.length === 1);
    const [first, ...others] = gateway.requests.map(({ body }) => body.toString());
    expect(others).toEqual([first, first]);
  });

  test('does not try again after 403', async () => {
    answers = [403];
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'x' });
    await sleep(600);
    expect(gateway.requests).toHaveLength(1);
  });

  test('tells who listens', async () => {
    const changes: string[][] = [];
    const stop = played.simulator.onChange((...change) => changes.push(change));
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'x' });
    stop();
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'y' });
    expect(changes).toEqual([['sms-test', CITIZEN]]);
  });

  test('keeps a ledger of what it accepted', async () => {
    const sent = await adapter.send?.(reply, new AbortController().signal);
    const ledger = await fetch(`${played.apiUrl}/__ledger`);
    expect(await ledger.json()).toEqual([{ to: CITIZEN, body: reply.text, sid: sent?.externalId }]);
  });

  test('refuses wrong credentials as Twilio does', async () => {
    const path = `${played.apiUrl}/2010-04-01/Accounts/${ACCOUNT}/Messages.json`;
    const answer = await fetch(path, { method: 'POST', headers: { authorization: 'Basic eA==' } });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: 20003, status: 401 });
  });

  test('shows a message by its id', async () => {
    const sent = await adapter.send?.(reply, new AbortController().signal);
    const path = `${played.apiUrl}/2010-04-01/Accounts/${ACCOUNT}/Messages/${sent?.externalId}.json`;
    const credentials = Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64');
    const answer = await fetch(path, { headers: { authorization: `Basic ${credentials}` } });
    expect(await answer.json()).toMatchObject({ sid: sent?.externalId, to: CITIZEN, from: LINE_NUMBER });
  });

  test('forgets the oldest and still counts exactly', async () => {
    for (let i = 0; i < 210; i++) await adapter.send?.(reply, new AbortController().signal);
    expect(played.simulator.conversation('sms-test', CITIZEN)).toHaveLength(200);
    expect(played.simulator.accepted().get(CITIZEN)).toBe(210);
  });

  test('knows its faults and refuses others', () => {
    played.simulator.setFault('duplicate', 3);
    expect(played.simulator.activeFaults()).toEqual({ duplicate: 3 });
    played.simulator.setFault('duplicate', 0);
    expect(played.simulator.activeFaults()).toEqual({});
    expect(() => played.simulator.setFault('nonsense', 1)).toThrow('nonsense');
  });
});

test('the demo needs no values of its own', () => {
  const environment = smsSimulator.demoEnvironment(
    'http://127.0.0.1:8080/simulator',
    (bytes) => 'ab'.repeat(bytes),
    () => 2525,
  );
  expect(environment).toEqual({
    TWILIO_ACCOUNT_SID: `AC${'ab'.repeat(16)}`,
    TWILIO_AUTH_TOKEN: 'ab'.repeat(16),
    TWILIO_API_URL: 'http://127.0.0.1:8080/simulator/twilio',
  });
});
