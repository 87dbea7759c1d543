/** Against a real mail server, in both directions: it takes our answers, and it forwards to our reception. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { email } from '../../../../adapters/email/index.js';
import { emailSettings } from '../../../../adapters/email/settings.js';
import { PlayedMailServer, type TakenMail } from '../../../../adapters/email/simulator/provider.js';
import type { ChannelAdapter, PulledItem } from '../../../../src/core/channel.js';
import { freePort } from '../../../../src/db/postgres-server.js';
import {
  describeWithOpenSmtpd,
  MAX_MESSAGE_BYTES,
  startOpenSmtpd,
  type TestOpenSmtpd,
} from '../../../support/opensmtpd.js';
import { errorOf, outbound, signal } from './helpers.js';

describeWithOpenSmtpd('with OpenSMTPD in between', () => {
  let server: TestOpenSmtpd;
  let citizens: PlayedMailServer;
  let adapter: ChannelAdapter;
  const delivered: TakenMail[] = [];
  const items: PulledItem[] = [];
  const stop = new AbortController();
  let running: Promise<void> | undefined;

  beforeAll(async () => {
    const [citizensPort, receptionPort] = [await freePort(), await freePort()];
    citizens = new PlayedMailServer({
      takeFault: () => false,
      onMail: (mail) => {
        delivered.push(mail);
        return Promise.resolve();
      },
    });
    await citizens.listen(citizensPort, '127.0.0.1');
    server = await startOpenSmtpd({ 'warga.example': citizensPort, 'ambon.example': receptionPort });
    const settings = emailSettings.parse({
      imapUrl: 'none',
      smtpUrl: server.url,
      from: 'Tabea Ambon <tabea@ambon.example>',
      reception: { url: `smtp://127.0.0.1:${receptionPort}` },
    });
    const silent = () => undefined;
    adapter = email.create(settings, {
      channelId: 'email',
      address: 'lapor@ambon.example',
      publicUrl: 'https://tabea.example',
      replyCostIdr: 0,
      sign: () => 'f'.repeat(20),
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      clock: { now: () => new Date() },
    });
    const sink = {
      putBlob: (bytes: Buffer) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
      accept: (taken: readonly PulledItem[]) => {
        items.push(...taken);
        return Promise.resolve();
      },
    };
    running = adapter.pull?.sources[0]?.run(sink, undefined, stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await adapter.close?.();
    await citizens.close();
    await server.remove();
  });

  async function next<T>(list: readonly T[], before: number): Promise<T> {
    for (let i = 0; i < 500 && list.length <= before; i++) await sleep(20);
    const [found, ...more] = list.slice(before);
    expect(more).toEqual([]);
    if (found === undefined) throw new Error(`nothing came: ${server.log()}`);
    return found;
  }

  test('the server lets us in', async () => {
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'ok' });
  });

  test('an answer arrives as a reply within the thread', async () => {
    const before = delivered.length;
    const thread = {
      references: [`their-mail@warga.example:${'0a'.repeat(16)}`, 'older@warga.example'],
      caseToken: `1234567894-${'ab'.repeat(10)}`,
    };
    const sent = await adapter.send?.(outbound({ thread }), signal());
    const { raw, envelopeFrom, recipient } = await next(delivered, before);
    expect([envelopeFrom, recipient]).toEqual(['tabea@ambon.example', 'budi@warga.example']);
    const parsed = await simpleParser(raw);
    expect(parsed.messageId).toBe(`<${sent?.externalId}>`);
    expect(parsed.inReplyTo).toBe('<their-mail@warga.example>');
    expect(parsed.references).toEqual([
      `<tabea.${thread.caseToken}@ambon.example>`,
      '<older@warga.example>',
      '<their-mail@warga.example>',
    ]);
    expect(parsed.text?.trimEnd()).toBe(outbound().text);
    expect(parsed.headers.get('auto-submitted')).toBeUndefined();
  });

  test('an automatic one comes from the null sender', async () => {
    const before = delivered.length;
    await adapter.send?.(outbound({ id: '01939c1e-0000-7000-8000-000000000002', automated: true }), signal());
    const { raw, envelopeFrom } = await next(delivered, before);
    expect(envelopeFrom).toBe('');
    const { headers } = await simpleParser(raw);
    expect(headers.get('auto-submitted')).toBe('auto-replied');
    expect(headers.get('x-auto-response-suppress')).toBe('All');
  });

  test('text with dots, long lines and other scripts, and a file, arrive to the byte', async () => {
    const before = delivered.length;
    const text = `.\n..\n.tersembunyi\n${'panjang '.repeat(300)}\n漢字 😀 ngoni`;
    const content = randomBytes(300_000);
    const file = { name: 'foto – 1.jpg', contentType: 'image/jpeg', size: content.length };
    const attachments = [{ ...file, read: () => Promise.resolve(content) }];
    await adapter.send?.(
      outbound({ id: '01939c1e-0000-7000-8000-000000000003', text, attachments }),
      signal(),
    );
    const parsed = await simpleParser((await next(delivered, before)).raw);
    expect(parsed.text?.trimEnd()).toBe(text);
    expect(parsed.attachments).toHaveLength(1);
    expect(parsed.attachments[0]?.filename).toBe('foto – 1.jpg');
    expect(parsed.attachments[0]?.content.equals(content)).toBe(true);
  });

  test('who is not served is refused for good, with the code of the server', async () => {
    const to = { scheme: 'mailto', value: 'budi@elsewhere.example' };
    expect(await errorOf(adapter.send?.(outbound({ to }), signal()) ?? Promise.resolve())).toMatchObject({
      code: 'rejected',
      retry: 'never',
      certainty: 'not_sent',
      providerCode: '550',
    });
  });

  test('what is larger than the server takes is refused for good, before it is sent', async () => {
    const content = randomBytes(MAX_MESSAGE_BYTES);
    const file = { name: 'video.mp4', contentType: 'video/mp4', size: content.length };
    const attachments = [{ ...file, read: () => Promise.resolve(content) }];
    const error = await errorOf(adapter.send?.(outbound({ attachments }), signal()) ?? Promise.resolve());
    expect(error).toMatchObject({
      code: 'rejected',
      retry: 'never',
      certainty: 'not_sent',
      providerCode: '5.3.4',
    });
  });

  test('what the server forwards to us is stored, with its envelope sender', async () => {
    for (const from of ['budi@warga.example', '']) {
      const before = items.length;
      const transport = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true });
      const raw =
        'From: Budi <budi@warga.example>\r\nSubject: Lampu\r\nMessage-ID: <a@warga.example>\r\n\r\npadam\r\n';
      await transport.sendMail({ envelope: { from, to: 'lapor@ambon.example' }, raw });
      const { request, parsed } = await next(items, before);
      expect(request.headers['x-tabea-envelope-from']).toBe(from);
      expect(parsed.events).toMatchObject([
        {
          type: 'message',
          subject: 'Lampu',
          text: 'padam',
          from: { value: 'budi@warga.example' },
          automated: from === '',
        },
      ]);
    }
  });

  test('with the server away nothing is sent, and that is certain and said', async () => {
    await server.stop();
    const error = await errorOf(adapter.send?.(outbound(), signal()) ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'connection', retry: 'backoff', certainty: 'not_sent' });
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'degraded' });
  });
});
