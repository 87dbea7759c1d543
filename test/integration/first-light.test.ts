/** From the citizen's message to the answer on his telephone, through the whole gateway and its played provider. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { countSegments } from '../../adapters/sms/segments.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import {
  demoEnvironment,
  newSid,
  readLedger,
  startWholeGateway,
  until,
  type Ledger,
  type WholeGateway,
} from '../support/whole-gateway.js';

/** So long nothing more comes before a test believes that nothing more will. */
const QUIET_MS = 1_500;

let store: TestDatabase;
let whole: WholeGateway;

async function open(redisUrl?: string): Promise<void> {
  store = await createTestDatabase();
  const more = redisUrl === undefined ? {} : { REDIS_URL: redisUrl };
  whole = await startWholeGateway(demoEnvironment(store.url, more));
}

async function close(): Promise<void> {
  await whole.gateway.stop();
  await store.drop();
}

async function sentTo(number: string): Promise<Ledger> {
  const ledger = await readLedger(`${whole.url}/simulator/sms`);
  return ledger.filter(({ to }) => to === number);
}

async function casesWith(text: string) {
  return (await whole.operator.cases()).filter((one) => one.text === text);
}

/** What has arrived, once there is that much and it stayed so for a while. */
async function settled(number: string, count: number): Promise<Ledger> {
  await until(
    () => sentTo(number),
    (sent) => sent.length >= count,
  );
  await sleep(QUIET_MS);
  return sentTo(number);
}

function theFirstLight(): void {
  test('one message delivered ten times at once: ten times 200, one case, one acknowledgement', async () => {
    const message = { sid: newSid(), from: '+6281200000010', text: 'Lampu jalan padam di Passo' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => whole.citizen.send(message)));
    expect(answers).toEqual(Array(10).fill(200));

    const [acknowledgement, ...more] = await settled(message.from, 1);
    expect(more).toEqual([]);
    const cases = await casesWith(message.text);
    expect(cases).toHaveLength(1);
    expect(cases[0]?.status).toBe('received');
    expect(acknowledgement?.body).toContain(cases[0]?.trackingNumber);
    expect(countSegments(acknowledgement?.body ?? '')).toMatchObject({ encoding: 'GSM-7', segments: 1 });
    expect(acknowledgement?.body.length).toBeLessThanOrEqual(160);
  });

  test('verified, disposed, accepted, answered: the answer arrives where the message came from, once', async () => {
    const message = { sid: newSid(), from: '+6281200000011', text: 'Drainase tersumbat di Batu Merah' };
    expect(await whole.citizen.send(message)).toBe(200);
    await settled(message.from, 1);
    const [{ trackingNumber } = { trackingNumber: '' }] = await casesWith(message.text);

    const { move } = whole.operator;
    expect((await move(trackingNumber, 'verify')).status).toBe('verified');
    expect((await move(trackingNumber, 'dispose', { opd: 'dinas-pupr' })).status).toBe('dispositioned');
    expect((await move(trackingNumber, 'accept')).status).toBe('in_progress');
    const answered = await move(trackingNumber, 'respond', { reply: 'Drainase sudah dibersihkan.' });
    expect(answered.status).toBe('responded');

    await until(
      () => sentTo(message.from),
      (sent) => sent.some(({ body }) => body.includes('Drainase sudah dibersihkan.')),
    );
    await sleep(QUIET_MS);
    const sent = await sentTo(message.from);
    const answers = sent.filter(({ body }) => body.includes('Drainase sudah dibersihkan.'));
    expect(answers).toHaveLength(1);
    expect(answers[0]?.body).toContain(trackingNumber);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(sent.length);
  });

  test('a message with a bad signature is refused with 403, opens no case and is not answered', async () => {
    const message = { sid: newSid(), from: '+6281200000012', text: 'Bukan dari penyedia' };
    expect(await whole.citizen.send(message, 'not the token')).toBe(403);
    await sleep(QUIET_MS);
    expect(await casesWith(message.text)).toEqual([]);
    expect(await sentTo(message.from)).toEqual([]);
  });
}

describe('the whole gateway, queue on PostgreSQL', () => {
  beforeAll(() => open());
  afterAll(close);
  theFirstLight();
});

describeWithRedis('the whole gateway, queue on Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
    await open(redis.url);
  });
  afterAll(async () => {
    await close();
    await redis.remove();
  });
  theFirstLight();

  test('Redis loses everything in the middle: each message is still one case with one acknowledgement', async () => {
    const client = new Redis(redis.url);
    const messages = Array.from({ length: 12 }, (_, n) => ({
      sid: newSid(),
      from: `+62812000001${String(n).padStart(2, '0')}`,
      text: `Sampah menumpuk di titik ${n}`,
    }));
    const [before, after] = [messages.slice(0, 8), messages.slice(8)];
    await Promise.all(before.map((message) => whole.citizen.send(message)));
    await client.flushall();
    await Promise.all(after.map((message) => whole.citizen.send(message)));
    client.disconnect();

    const numbers = new Set(messages.map(({ from }) => from));
    const sent = async () =>
      (await readLedger(`${whole.url}/simulator/sms`)).map(({ to }) => to).filter((to) => numbers.has(to));
    await until(sent, (to) => new Set(to).size === messages.length, 90_000);
    await sleep(QUIET_MS);
    expect((await sent()).toSorted()).toEqual([...numbers].toSorted());
    for (const { text } of messages) expect(await casesWith(text)).toHaveLength(1);
  }, 120_000);
});
