import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelError } from '../../../../src/core/channel-error.js';
import { errorOf, outbound, senderFor, signal, type TestSender } from './helpers.js';
import { scriptedServer, type ScriptedServer } from './scripted-server.js';

describe('sending', () => {
  let server: ScriptedServer;
  let sender: TestSender;
  beforeEach(async () => {
    server = await scriptedServer();
    sender = senderFor(server.url);
  });
  afterEach(async () => {
    await sender.close();
    await server.close();
  });

  test('a mail is taken, and its id is the same for every attempt', async () => {
    const first = await sender.send(outbound(), signal());
    expect(first).toEqual({
      externalId: '01939c1e-0000-7000-8000-000000000001.ffffffffffffffffffff@ambon.example',
    });
    expect(await sender.send(outbound({ attempt: 2 }), signal())).toEqual(first);
    expect(server.mails).toHaveLength(2);
    expect(server.mails[0]).toMatchObject({ from: 'tabea@ambon.example', to: ['budi@warga.example'] });
    expect(server.mails[0]?.raw).toContain(`Message-ID:\r\n <${first.externalId}>`);
    // The pool keeps its connection.
    expect(server.connections()).toBe(1);
  });

  test('a refusal leaves the connection to the next mail', async () => {
    server.next('RCPT', '550 5.1.1 no such user');
    const error = await errorOf(sender.send(outbound(), signal()));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({
      code: 'rejected',
      providerCode: '5.1.1',
      retry: 'never',
      certainty: 'not_sent',
    });
    await sender.send(outbound(), signal());
    expect(server.connections()).toBe(1);
    expect(server.mails).toHaveLength(1);
  });

  test('greylisted, it is sent once when it is tried again', async () => {
    server.next('RCPT', '451 4.7.1 Greylisted');
    expect(await errorOf(sender.send(outbound(), signal()))).toMatchObject({
      retry: 'backoff',
      certainty: 'not_sent',
    });
    expect(server.mails).toHaveLength(0);
    await sender.send(outbound({ attempt: 2 }), signal());
    expect(server.mails).toHaveLength(1);
  });

  const refusals = [
    ['CONN', '421 4.3.2 shutting down', 'throttled'],
    ['CONN', '554 5.7.1 blocked', 'config'],
    ['EHLO', '421 4.3.2 shutting down', 'throttled'],
    ['MAIL', '553 5.7.1 not your address', 'config'],
    ['DATA', '451 4.3.0 not now', 'rejected'],
    ['END', '554 5.6.0 content', 'rejected'],
    ['END', '452 4.3.1 no room', 'rejected'],
    ['END', '421 4.3.2 shutting down', 'throttled'],
  ] as const;
  test.each(refusals)('refused at %s with %s: nothing was sent', async (stage, reply, code) => {
    server.next(stage, reply, reply, reply, reply);
    expect(await errorOf(sender.send(outbound(), signal()))).toMatchObject({ code, certainty: 'not_sent' });
  });

  test.each(['CONN', 'EHLO', 'MAIL', 'RCPT', 'DATA'] as const)(
    'cut at %s: nothing was sent',
    async (stage) => {
      server.next(stage, 'cut', 'cut', 'cut', 'cut');
      const error = await errorOf(sender.send(outbound(), signal()));
      expect(error).toMatchObject({ code: 'connection', retry: 'backoff', certainty: 'not_sent' });
      expect(server.mails).toHaveLength(0);
    },
  );

  test('cut in the middle of the mail: nothing was sent', async () => {
    server.cutWithin(200_000);
    const files = [file('foto.jpg', 16_000_000)];
    const error = await errorOf(sender.send(outbound({ attachments: files }), signal()));
    expect(error).toMatchObject({ code: 'connection', certainty: 'not_sent' });
    expect(server.mails).toHaveLength(0);
  });

  test('taken and then cut: nobody knows, and the library does not send it again', async () => {
    server.next('END', 'cut');
    const error = await errorOf(sender.send(outbound(), signal()));
    expect(error).toMatchObject({ code: 'connection', certainty: 'unknown' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(server.mails).toHaveLength(1);
  });

  test('taken and then cut on a connection that was used before: neither', async () => {
    await sender.send(outbound(), signal());
    server.next('END', 'cut');
    const error = await errorOf(sender.send(outbound({ id: 'outbox-2' }), signal()));
    expect(error).toMatchObject({ certainty: 'unknown' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(server.mails).toHaveLength(2);
    await sender.send(outbound({ id: 'outbox-3' }), signal());
    expect(server.mails).toHaveLength(3);
  });

  test('a connection that the server has ended meanwhile costs nothing', async () => {
    await sender.send(outbound(), signal());
    server.next('MAIL', 'cut');
    await sender.send(outbound({ id: 'outbox-2' }), signal());
    expect(server.mails).toHaveLength(2);
  });

  test.each(['CONN', 'EHLO', 'MAIL', 'RCPT', 'DATA'] as const)(
    'given up while %s is not answered: nothing was sent',
    async (stage) => {
      server.next(stage, 'silent');
      const error = await errorOf(sender.send(outbound(), AbortSignal.timeout(300)));
      expect(error).toMatchObject({ code: 'connection', certainty: 'not_sent', providerCode: 'aborted' });
      expect(server.mails).toHaveLength(0);
    },
  );

  test('given up while the answer to the mail does not come: nobody knows', async () => {
    server.next('END', 'silent');
    const error = await errorOf(sender.send(outbound(), AbortSignal.timeout(300)));
    expect(error).toMatchObject({ certainty: 'unknown', providerCode: 'aborted' });
    expect(server.mails).toHaveLength(1);
  });

  test('given up before it began, nothing is even connected', async () => {
    expect(await errorOf(sender.send(outbound(), AbortSignal.abort()))).toMatchObject({
      certainty: 'not_sent',
    });
    expect(server.connections()).toBe(0);
  });

  test('a mail given up stops no other', async () => {
    server.next('MAIL', 'silent');
    const ends = await Promise.allSettled([
      sender.send(outbound(), AbortSignal.timeout(300)),
      sender.send(outbound({ id: 'outbox-2' }), signal()),
      sender.send(outbound({ id: 'outbox-3' }), signal()),
    ]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  test('with nobody there, nothing was sent', async () => {
    await server.close();
    expect(await errorOf(sender.send(outbound(), signal()))).toMatchObject({
      code: 'connection',
      retry: 'backoff',
      certainty: 'not_sent',
    });
  });

  test('a wrong password is an affair of the configuration', async () => {
    const other = senderFor(`smtp://tabea%40ambon.example:p%40ss@127.0.0.1:${server.port}`);
    server.next('AUTH', '535 5.7.8 no');
    expect(await errorOf(other.send(outbound(), signal()))).toMatchObject({
      code: 'config',
      providerCode: '5.7.8',
    });
    server.next('AUTH', '535 5.7.8 no');
    expect(await errorOf(other.verify(signal()))).toMatchObject({ code: 'config' });
    await other.verify(signal());
    const [, token] =
      /^AUTH PLAIN (.+)$/.exec(server.commands.find((line) => line.startsWith('AUTH')) ?? '') ?? [];
    expect(Buffer.from(token ?? '', 'base64').toString()).toBe('\0tabea@ambon.example\0p@ss');
    await other.close();
  });

  describe('with access tokens instead of a password', () => {
    const forgotten: string[] = [];
    let made: number;
    let get: () => Promise<string>;
    let other: TestSender;
    beforeEach(() => {
      made = 1;
      forgotten.length = 0;
      get = () => Promise.resolve(`token-${made}`);
      const tokens = {
        get: () => get(),
        forget: (token: string) => {
          forgotten.push(token);
          made++;
        },
      };
      other = senderFor(`smtp://lapor%40ambon.example@127.0.0.1:${server.port}`, { tokens });
    });
    afterEach(() => other.close());
    const shown = () =>
      server.commands.flatMap((line) => {
        const [, token] = /^AUTH XOAUTH2 (.+)$/.exec(line) ?? [];
        return token === undefined ? [] : [Buffer.from(token, 'base64').toString()];
      });

    test('one is shown, for the user of the address', async () => {
      await other.send(outbound(), signal());
      expect(shown()).toEqual(['user=lapor@ambon.example\u0001auth=Bearer token-1\u0001\u0001']);
      expect(forgotten).toEqual([]);
    });

    test('one that is refused is forgotten, and the next is tried', async () => {
      server.next('AUTH', '535 5.7.8 expired');
      expect(await errorOf(other.send(outbound(), signal()))).toMatchObject({ code: 'config' });
      expect(forgotten).toEqual(['token-1']);
      await other.send(outbound(), signal());
      expect(shown().at(-1)).toContain('token-2');
    });

    test('one that cannot be had keeps the verdict of who fetches it', async () => {
      get = () =>
        Promise.reject(
          new ChannelError('connection', 'The token server was not reached', { retry: 'backoff' }),
        );
      expect(await errorOf(other.send(outbound(), signal()))).toMatchObject({
        code: 'connection',
        retry: 'backoff',
        certainty: 'not_sent',
        message: 'The token server was not reached',
      });
    });
  });

  test('a password is not sent in the clear over a network', async () => {
    // The same machine under an address that does not look like it; the server there has no TLS.
    const remote = senderFor(`smtp://lapor:rahasia@[::ffff:127.0.0.1]:${server.port}`);
    expect(await errorOf(remote.send(outbound(), AbortSignal.timeout(3_000)))).toMatchObject({
      certainty: 'not_sent',
    });
    expect(server.connections()).toBeGreaterThan(0);
    expect(server.commands).toContain('STARTTLS');
    expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([]);
    await remote.close();
  });

  test('a check can be given up', async () => {
    server.next('EHLO', 'silent');
    expect(await errorOf(sender.verify(AbortSignal.timeout(200)))).toMatchObject({ providerCode: 'aborted' });
    expect(await errorOf(sender.verify(AbortSignal.abort()))).toMatchObject({ providerCode: 'aborted' });
  });

  test('neither error nor log tells address or text', async () => {
    const told: string[] = [];
    for (const reply of ['550 5.1.1 <budi@warga.example> Lampu', '451 <budi@warga.example>']) {
      server.next('RCPT', reply);
      const error = await errorOf(sender.send(outbound(), signal()));
      told.push(JSON.stringify(error, Object.getOwnPropertyNames(error)));
    }
    expect(told.join() + sender.logged()).not.toMatch(/budi|Lampu|Pattimura/);
  });
});

function file(name: string, size: number) {
  return { name, contentType: 'image/jpeg', size, read: () => Promise.resolve(Buffer.alloc(size, 7)) };
}
