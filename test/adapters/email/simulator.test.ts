import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { email } from '../../../adapters/email/index.js';
import { emailSettings } from '../../../adapters/email/settings.js';
import { EmailSimulator, emailSimulator } from '../../../adapters/email/simulator.js';
import type { ChannelAdapter, OutboundMessage, PulledItem } from '../../../src/core/channel.js';
import type { InboundEvent, InboundMessage } from '../../../src/core/message.js';
import { freePort } from '../../../src/db/postgres-server.js';
import { signal } from './smtp/helpers.js';

const CITIZEN = 'budi@warga.example';
const reply: OutboundMessage = {
  id: '01939c1e-0000-7000-8000-000000000001',
  channelId: 'email',
  to: { scheme: 'mailto', value: CITIZEN },
  subject: 'Lampu padam',
  text: 'Sudah kami terima.\n\nTerima kasih.',
  automated: false,
  attempt: 1,
};

describe('the played mail servers and mailboxes', () => {
  let simulator: EmailSimulator;
  let adapter: ChannelAdapter;
  let stop: AbortController;
  let running: Promise<unknown>;
  let items: PulledItem[];
  let refuseFirst: number;

  beforeEach(async () => {
    items = [];
    refuseFirst = 0;
    const ports = { in: await freePort(), out: await freePort() };
    const settings = {
      imapUrl: 'none',
      smtpUrl: `smtp://127.0.0.1:${ports.out}`,
      from: 'Tabea <tabea@demo.example>',
      reception: { url: `smtp://127.0.0.1:${ports.in}` },
    };
    const silent = () => undefined;
    const around = {
      clock: { now: () => new Date() },
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      publicUrl: 'https://tabea.example',
    };
    const channel = { channelId: 'email', label: 'E-mail', address: 'lapor@ambon.example', settings };
    simulator = new EmailSimulator({ channels: [channel], gatewayUrl: 'http://127.0.0.1:1', ...around });
    await simulator.start();
    adapter = email.create(emailSettings.parse(settings), {
      channelId: 'email',
      address: 'lapor@ambon.example',
      replyCostIdr: 0,
      sign: () => 'f'.repeat(20),
      ...around,
    });
    stop = new AbortController();
    run();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await adapter.close?.();
    await simulator.close();
  });

  /** As the poller: run again whenever it ends. */
  function run(): void {
    const sink = {
      putBlob: () => Promise.resolve('0'.repeat(64)),
      accept: (taken: readonly PulledItem[]) => {
        if (refuseFirst-- > 0) return Promise.reject(new Error('the store is away'));
        items.push(...taken);
        return Promise.resolve();
      },
    };
    const [source] = adapter.pull?.sources ?? [];
    running = (async () => {
      while (!stop.signal.aborted) await source?.run(sink, undefined, stop.signal).catch(() => sleep(20));
    })();
  }

  const send = (over: Partial<OutboundMessage> = {}) => adapter.send?.({ ...reply, ...over }, signal());
  const errorOf = (promise: Promise<unknown> | undefined) =>
    promise?.then(
      () => 'sent',
      (error: unknown) => error,
    );
  const events = (): InboundEvent[] => items.flatMap(({ parsed }) => [...parsed.events]);
  const messages = (): InboundMessage[] => events().filter((event) => event.type === 'message');
  const write = (text: string, subject?: string) =>
    simulator.write({ channelId: 'email', from: CITIZEN, text, ...(subject !== undefined && { subject }) });
  async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 400 && !condition(); i++) await sleep(20);
    expect(condition()).toBe(true);
  }

  test('a citizen writes, and it arrives as he wrote it', async () => {
    const text = "Jum'at, lampu padam di Jl. A+B & 100% gelap 😀";
    expect(await write(text, 'Lampu padam')).toMatchObject({
      direction: 'out',
      state: 'sent',
      subject: 'Lampu padam',
    });
    await until(() => items.length === 1);
    expect(messages()).toMatchObject([
      { channelId: 'email', subject: 'Lampu padam', text, automated: false, from: { value: CITIZEN } },
    ]);
    expect(messages()[0]?.thread).toBeUndefined();
  });

  test('he is answered within the thread, and his answer comes back within it', async () => {
    await write('Padam.', 'Lampu padam');
    await until(() => items.length === 1);
    const references = [messages()[0]?.externalId ?? ''];
    const caseToken = `1234567894-${'ab'.repeat(10)}`;
    const sent = await send({ subject: 'Re: Lampu padam', thread: { references, caseToken } });
    const [, got] = simulator.conversation('email', CITIZEN);
    expect(got).toMatchObject({
      direction: 'in',
      subject: 'Re: Lampu padam',
      text: reply.text,
      state: 'delivered',
    });

    await write('Terima kasih!');
    await until(() => items.length === 2);
    expect(messages()[1]).toMatchObject({ subject: 'Re: Lampu padam', text: 'Terima kasih!' });
    expect(messages()[1]?.thread).toMatchObject({ caseToken });
    expect(messages()[1]?.thread?.references?.[0]).toBe(sent?.externalId);
  });

  test('a subject says which thread it belongs to, and a new one begins another', async () => {
    await send({ subject: 'Satu' });
    await send({ id: '01939c1e-0000-7000-8000-000000000002', subject: 'Dua' });
    await write('Jawab satu', 're: satu');
    await write('Baru', 'Tiga');
    await until(() => items.length === 2);
    const [first, second] = messages();
    expect(first?.thread?.references?.[0]).toContain('01939c1e-0000-7000-8000-000000000001');
    expect(second?.thread).toBeUndefined();
  });

  test('a gateway that cannot store gets it again', async () => {
    refuseFirst = 2;
    expect(await write('x', 'y')).toMatchObject({ state: 'sending' });
    await until(() => items.length === 1);
    await until(() => simulator.conversation('email', CITIZEN)[0]?.state === 'sent');
  });

  test('greylisting: sent once, at the second attempt', async () => {
    simulator.setFault('greylist', 1);
    expect(await errorOf(send())).toMatchObject({
      retry: 'backoff',
      certainty: 'not_sent',
      providerCode: '4.7.1',
    });
    await send({ attempt: 2 });
    expect(simulator.accepted().get(CITIZEN)).toBe(1);
  });

  test('an unknown mailbox: refused for good', async () => {
    simulator.setFault('unknown-user', 1);
    expect(await errorOf(send())).toMatchObject({ code: 'rejected', retry: 'never', providerCode: '5.1.1' });
    expect(simulator.accepted().size).toBe(0);
  });

  test('accepted and cut: in the mailbox once, and unknown to us', async () => {
    simulator.setFault('accepted-no-answer', 1);
    expect(await errorOf(send())).toMatchObject({ code: 'connection', certainty: 'unknown' });
    await sleep(300);
    expect(simulator.accepted().get(CITIZEN)).toBe(1);
  });

  test('delivered twice, it has one id', async () => {
    simulator.setFault('duplicate', 1);
    await write('x', 'y');
    await until(() => items.length === 2);
    expect(new Set(messages().map(({ externalId }) => externalId)).size).toBe(1);
  });

  test('a bounce is a report on that reply, and no message', async () => {
    simulator.setFault('bounce', 1);
    const sent = await send();
    await until(() => items.length === 1);
    expect(events()).toMatchObject([
      { type: 'delivery', state: 'failed', externalId: sent?.externalId, outboxId: reply.id, code: '5.2.1' },
    ]);
    expect(simulator.conversation('email', CITIZEN)[0]).toMatchObject({ state: 'undelivered' });
  });

  test('nothing bounces to a null sender', async () => {
    simulator.setFault('bounce', 1);
    await send({ automated: true });
    await sleep(400);
    expect(items).toHaveLength(0);
    expect(simulator.activeFaults()).toEqual({ bounce: 1 });
  });

  test('an absence note is known as one', async () => {
    simulator.setFault('auto-reply', 1);
    await send({ automated: true });
    await until(() => items.length === 1);
    expect(messages()).toMatchObject([{ automated: true, subject: 'Balasan otomatis: Lampu padam' }]);
  });

  test('keeps a ledger of what it accepted', async () => {
    const sent = await send();
    const request = {
      method: 'GET',
      target: '/__ledger',
      headers: {},
      body: Buffer.alloc(0),
      receivedAt: new Date(),
    };
    const { body } = await simulator.handle(request);
    expect(JSON.parse(String(body))).toEqual([
      { to: CITIZEN, subject: 'Lampu padam', text: reply.text, messageId: sent?.externalId },
    ]);
    expect(await simulator.handle({ ...request, target: '/else' })).toMatchObject({ status: 404 });
  });

  test('tells who listens', async () => {
    const changes: string[][] = [];
    const end = simulator.onChange((...change) => changes.push(change));
    await send();
    end();
    await send();
    expect(changes).toEqual([['email', CITIZEN]]);
  });

  test('knows its faults and refuses others, and who is no citizen', async () => {
    expect(() => simulator.setFault('nonsense', 1)).toThrow('nonsense');
    expect(() => simulator.conversation('email', 'nobody')).toThrow('mail address');
    await expect(simulator.write({ channelId: 'email', from: 'x', text: 'x' })).rejects.toThrow(
      'mail address',
    );
  });
});

test('the demo needs no values of its own', () => {
  const environment = emailSimulator.demoEnvironment(
    'http://127.0.0.1:8080/simulator/email',
    () => '',
    (name) => ({ in: 21_001, out: 21_002 })[name] ?? 0,
  );
  expect(environment).toEqual({
    IMAP_URL: 'none',
    SMTP_LISTEN_URL: 'smtp://127.0.0.1:21001',
    SMTP_URL: 'smtp://127.0.0.1:21002',
    MAIL_FROM: 'Tabea <tabea@demo.example>',
  });
});
