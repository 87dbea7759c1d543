import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { createReception, type ReceptionOptions } from '../../../adapters/email/reception.js';
import { parseReceived } from '../../../adapters/email/reception/received.js';
import type { MailOrigin } from '../../../adapters/email/mail.js';
import { until } from '../../queue/support.js';
import { UnparsableError, type Logger, type Parsed, type PulledItem } from '../../../src/core/channel.js';

const NOTHING: Parsed = { events: [], ignored: [{ part: '', reason: 'test' }], rejected: [] };
const US = 'lapor@ambon.example';

describe('the reception', () => {
  let items: PulledItem[];
  let origins: MailOrigin[];
  let accept: (taken: readonly PulledItem[]) => Promise<void>;
  let parse: () => Promise<Parsed>;
  let stop: AbortController;
  let running: Promise<void>;
  let port: number;
  let lines: string[];

  async function start(over: Partial<ReceptionOptions> = {}): Promise<void> {
    stop = new AbortController();
    const note = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    await new Promise<void>((resolve, reject) => {
      const source = createReception({
        channelId: 'email',
        url: 'smtp://127.0.0.1:0',
        recipients: [US],
        messagesPerMinute: 1_000,
        maxMessageBytes: 200_000,
        parser: {
          parse: (_raw, origin) => {
            origins.push(origin);
            return parse();
          },
        },
        clock: { now: () => new Date('2026-11-25T03:04:05Z') },
        logger,
        onListening: (listening) => {
          port = listening;
          resolve();
        },
        ...over,
      });
      const sink = {
        putBlob: () => Promise.resolve('0'),
        accept: (taken: readonly PulledItem[]) => accept(taken),
      };
      running = source.run(sink, undefined, stop.signal);
      running.catch(reject);
    });
  }
  beforeEach(() => {
    items = [];
    origins = [];
    lines = [];
    parse = () => Promise.resolve(NOTHING);
    accept = (taken) => {
      items.push(...taken);
      return Promise.resolve();
    };
  });
  afterEach(async () => {
    stop.abort();
    await running.catch(() => undefined);
  });

  async function deliver(over: { to?: string; from?: string; text?: string } = {}): Promise<string> {
    const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
    const raw = `From: Budi <budi@warga.example>\r\nSubject: Lampu\r\n\r\n${over.text ?? 'padam'}\r\n`;
    const envelope = { from: over.from ?? 'budi@warga.example', to: over.to ?? US };
    const sent = await transport.sendMail({ envelope, raw });
    return sent.response;
  }
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => 'taken',
      (error: Error & { response?: string }) => error.response ?? error.message,
    );

  test('says 250 only when the mail is stored, byte for byte', async () => {
    await start();
    const idle = () => undefined;
    let store: () => void = idle;
    accept = async (taken) => {
      await new Promise<void>((resolve) => (store = resolve));
      items.push(...taken);
    };
    let answered = false;
    const delivered = deliver({ text: '..dots\r\n.\r\n.. and üñí' }).then((response) => {
      answered = true;
      return response;
    });
    await until(() => store !== idle);
    await sleep(100);
    expect(answered).toBe(false);
    store();
    expect(await delivered).toMatch(/^250 2\.0\.0/);
    expect(items).toHaveLength(1);
    expect(items[0]?.request).toMatchObject({
      method: 'PULL',
      target: 'smtp:reception',
      receivedAt: new Date('2026-11-25T03:04:05Z'),
    });
    expect(items[0]?.request.body.toString()).toBe(
      'From: Budi <budi@warga.example>\r\nSubject: Lampu\r\n\r\n..dots\r\n.\r\n.. and üñí\r\n',
    );
    expect(items[0]?.parsed).toBe(NOTHING);
  });

  test('tells the parser the envelope sender, also the null one, and again at a replay', async () => {
    await start();
    await deliver();
    await deliver({ from: '' });
    expect(origins).toMatchObject([{ envelopeFrom: 'budi@warga.example' }, { envelopeFrom: '' }]);
    const request = items[1]?.request;
    if (request === undefined) throw new Error('nothing came');
    let again: MailOrigin | undefined;
    const parser = {
      parse: (_raw: Buffer, origin: MailOrigin) => {
        again = origin;
        return Promise.resolve(NOTHING);
      },
    };
    await parseReceived(parser, 'email', request, () => Promise.resolve(''));
    expect(again).toEqual(origins[1]);
  });

  test.each([
    ['LAPOR@Ambon.Example', true],
    ['lapor+1708@ambon.example', true],
    ['lapor@ambon.example.evil.example', false],
    ['lapor%evil.example@ambon.example', false],
    ['someone@elsewhere.example', false],
    ['+lapor@ambon.example', false],
  ])('mail for %s: %p', async (to, taken) => {
    await start();
    expect(await refusal(deliver({ to }))).toMatch(taken ? /^taken/ : /^550 5\.7\.1/);
    expect(items).toHaveLength(taken ? 1 : 0);
  });

  test('says 451 where it cannot be stored, and ends so that it is run again', async () => {
    await start();
    accept = () => Promise.reject(new Error('the database is away'));
    expect(await refusal(deliver())).toMatch(/^451 4\.3\.0/);
    await expect(running).rejects.toThrow('the database is away');
  });

  test('a blob store that fails costs nothing but time', async () => {
    await start();
    parse = () => Promise.reject(new Error('the disk is full'));
    expect(await refusal(deliver())).toMatch(/^451 4\.3\.0/);
    parse = () => Promise.resolve(NOTHING);
    expect(await refusal(deliver())).toBe('taken');
  });

  test('keeps a mail that cannot be read, and does not bounce it', async () => {
    await start();
    parse = () => Promise.reject(new UnparsableError('too_deep'));
    expect(await refusal(deliver())).toBe('taken');
    expect(items[0]?.parsed).toMatchObject({ events: [], rejected: [{ reason: 'too_deep' }] });
    expect(items[0]?.parsed.rejected[0]?.part).toContain('Subject: Lampu');
  });

  test('announces its limit, and refuses what is larger, announced or not', async () => {
    await start();
    const session = await talk(port, ['EHLO x', 'MAIL FROM:<a@b.example> SIZE=200001']);
    expect(session).toMatch(/SIZE 200000/);
    expect(session).toMatch(/\r\n552 /);
    expect(session).not.toMatch(/AUTH|STARTTLS/);
    const large = `${'x'.repeat(70)}\r\n`.repeat(3_000);
    const unannounced = await talk(port, [
      'EHLO x',
      'MAIL FROM:<a@b.example>',
      `RCPT TO:<${US}>`,
      'DATA',
      `${large}.`,
    ]);
    expect(unannounced).toMatch(/\r\n552 5\.3\.4/);
    expect(items).toHaveLength(0);
  });

  test('holds no more mails in memory than it has room for', async () => {
    await start({ maxMessageBytes: 200_000 });
    const waiting: (() => void)[] = [];
    accept = async (taken) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      items.push(...taken);
    };
    const text = `${'x'.repeat(70)}\r\n`.repeat(2_500);
    const ends = Promise.all(Array.from({ length: 8 }, () => refusal(deliver({ text }))));
    for (let i = 0; i < 100 && waiting.length < 3; i++) await sleep(20);
    await sleep(300);
    for (const resolve of waiting) resolve();
    const answers = await ends;
    const taken = answers.filter((answer) => answer === 'taken').length;
    expect(taken).toBeGreaterThanOrEqual(1);
    expect(taken).toBeLessThanOrEqual(4);
    expect(answers.filter((answer) => answer.startsWith('452 4.3.1'))).toHaveLength(8 - taken);
    // And has it again afterwards.
    accept = () => Promise.resolve();
    expect(await refusal(deliver({ text }))).toBe('taken');
  });

  test('asks a client that is too quick to wait, and keeps the connection usable', async () => {
    await start({ messagesPerMinute: 3 });
    for (let i = 0; i < 3; i++) expect(await refusal(deliver())).toBe('taken');
    expect(await refusal(deliver())).toMatch(/^450 4\.7\.1/);
    expect(items).toHaveLength(3);
  });

  test('takes many mails over one connection', async () => {
    await start();
    const one = ['MAIL FROM:<a@b.example>', `RCPT TO:<${US}>`, 'DATA', 'Subject: x\r\n\r\nx\r\n.'];
    await talk(port, ['EHLO x', ...Array.from({ length: 20 }, () => one).flat()]);
    expect(items).toHaveLength(20);
  });

  test('clients that break off within the mail leave nothing behind: neither their bytes nor their places', async () => {
    await start();
    // More than there is room for (four of the largest mails), and more than one address may have connections.
    for (let n = 0; n < 35; n++) await breakOff(port, 'x'.repeat(40_000));
    const large = 'y'.repeat(190_000).replaceAll(/y{70}/g, '$&\r\n');
    let answer = '';
    for (let n = 0; n < 50 && answer !== 'taken'; n++) {
      answer = await refusal(deliver({ text: large }));
      await sleep(20);
    }
    expect(answer).toBe('taken');
    expect(items).toHaveLength(1);
  });

  test('ends when it is told to, after what it is storing', async () => {
    await start();
    const idle = () => undefined;
    let store: () => void = idle;
    accept = async (taken) => {
      await new Promise<void>((resolve) => (store = resolve));
      items.push(...taken);
    };
    const delivered = deliver();
    await until(() => store !== idle);
    stop.abort();
    await sleep(50);
    store();
    expect(await delivered).toMatch(/^250/);
    await running;
    expect(await refusal(deliver())).toMatch(/ECONNREFUSED/);
  });

  test('a port that is taken is tried again later', async () => {
    await start();
    const first = { stop, running };
    const second = start({ url: `smtp://127.0.0.1:${port}` });
    await expect(second).rejects.toMatchObject({
      code: 'connection',
      retry: 'backoff',
      providerCode: 'EADDRINUSE',
    });
    first.stop.abort();
    await first.running;
  });

  test('logs no address and no text', async () => {
    await start();
    await deliver();
    parse = () => Promise.reject(new Error('budi@warga.example'));
    await refusal(deliver());
    expect(lines.join('\n')).not.toMatch(/budi|lapor@|padam/);
  });
});

/** Goes away when it has written so much of a mail. */
async function breakOff(port: number, half: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => (said += chunk.toString()));
  const answer = async (code: string) => {
    for (let i = 0; i < 500 && !said.includes(`${code} `); i++) await sleep(2);
    expect(said).toContain(`${code} `);
  };
  await answer('220');
  socket.write(`EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<${US}>\r\nDATA\r\n`);
  await answer('354');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(half, () => socket.destroy());
  await closed;
}

/** Writes each line after the answer to the one before; resolves with all that the server said. */
async function talk(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => (said += chunk.toString()));
  const answers = () => said.split('\r\n').filter((line) => /^\d{3} /.test(line)).length;
  for (const [index, line] of [...lines, 'QUIT'].entries()) {
    for (let i = 0; i < 500 && answers() <= index; i++) await sleep(5);
    socket.write(`${line}\r\n`);
  }
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}
