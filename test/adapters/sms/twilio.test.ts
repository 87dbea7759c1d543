import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, RawReply } from '../../../src/core/channel.js';
import { serve, type Stand } from '../../support/stand.js';
import {
  ACCOUNT,
  adapterFor,
  attemptOf,
  CITIZEN,
  errorOf,
  LINE_NUMBER,
  playedTwilio,
  reply,
  signal,
  TOKEN,
} from './helpers.js';

describe('against the played provider', () => {
  let played: Awaited<ReturnType<typeof playedTwilio>>;
  let adapter: ChannelAdapter;
  beforeEach(async () => {
    played = await playedTwilio();
    adapter = adapterFor(played.apiUrl);
  });
  afterEach(async () => {
    await adapter.close?.();
    await played.close();
  });

  test('a reply is sent once, from the line, with our id in the status address', async () => {
    const sent = await adapter.send?.(reply(), signal());
    expect(sent?.externalId).toMatch(/^SM[0-9a-f]{32}$/);
    expect(sent?.segments).toBe(1);
    expect([...played.simulator.accepted()]).toEqual([[CITIZEN, 1]]);
    const form = new URLSearchParams(played.stand.requests[0]?.body.toString());
    expect(form.get('From')).toBe(LINE_NUMBER);
    expect(form.get('Body')).toBe('Laporan Anda kami terima.');
    expect(form.get('StatusCallback')).toBe('https://tabea.example/webhooks/sms-test/status?ref=0193-outbox');
  });

  test('the text arrives as it was written', async () => {
    const text = ' €[]{} “jum’at” \n👨‍👩‍👧 &a=b+c%20 ';
    await adapter.send?.(reply({ text }), signal());
    expect(played.simulator.conversation('sms-test', CITIZEN).map((message) => message.text)).toEqual([text]);
  });

  test('patience that the provider asks for is passed on, and the next attempt goes through', async () => {
    played.simulator.setFault('http-429', 1);
    const error = await errorOf(adapter.send?.(reply(), signal()));
    expect(error).toMatchObject({ code: 'throttled', retry: { afterMs: 1_000 }, certainty: 'not_sent' });
    await adapter.send?.(reply({ attempt: 2 }), signal());
    expect(played.simulator.accepted().get(CITIZEN)).toBe(1);
  });

  test('5xx, 5xx, success: sent once', async () => {
    played.simulator.setFault('http-500', 2);
    for (const attempt of [1, 2]) {
      const error = await errorOf(adapter.send?.(reply({ attempt }), signal()));
      expect(error).toMatchObject({ code: 'connection', retry: 'backoff', certainty: 'not_sent' });
    }
    await adapter.send?.(reply({ attempt: 3 }), signal());
    expect(played.simulator.accepted().get(CITIZEN)).toBe(1);
  });

  test('a recipient who wrote STOP is opted out until START', async () => {
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'stop' });
    const error = await errorOf(adapter.send?.(reply(), signal()));
    expect(error).toMatchObject({ code: 'opted_out', retry: 'never', providerCode: '21610' });
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'START' });
    await expect(adapter.send?.(reply(), signal())).resolves.toBeDefined();
  });

  test.each([
    ['not a number', { to: { scheme: 'tel', value: '1708' } }, '21211'],
    ['a sender name', { to: { scheme: 'tel', value: 'PLN' } }, '21614'],
    ['too long', { text: 'a'.repeat(1_601) }, '21617'],
  ])('%s is refused for good', async (_name, over, providerCode) => {
    const error = await errorOf(adapter.send?.(reply(over), signal()));
    expect(error).toMatchObject({ code: 'rejected', retry: 'never', providerCode });
  });

  test('a message of which no answer came is found again, never sent twice', async () => {
    played.simulator.setFault('accepted-no-answer', 1);
    const error = await errorOf(adapter.send?.(reply(), signal()));
    expect(error).toMatchObject({ code: 'connection', certainty: 'unknown' });
    const found = await adapter.reconcile?.(attemptOf(reply(), 1_000), signal());
    const [message] = played.simulator.conversation('sms-test', CITIZEN);
    expect(found).toEqual({ state: 'sent', externalId: message?.id });
  });

  test('silence ends when the caller gives up, in doubt', async () => {
    played.simulator.setFault('timeout', 1);
    const error = await errorOf(adapter.send?.(reply(), AbortSignal.timeout(100)));
    expect(error).toMatchObject({ code: 'connection', certainty: 'unknown' });
    expect(played.simulator.accepted().size).toBe(0);
    const early = await adapter.reconcile?.(attemptOf(reply(), 30_000), signal());
    expect(early?.state).toBe('unknown');
    const late = await adapter.reconcile?.(attemptOf(reply(), 60_000), signal());
    expect(late).toEqual({ state: 'not_sent' });
  });

  test('a caller who gave up before sends nothing', async () => {
    const error = await errorOf(adapter.send?.(reply(), AbortSignal.abort()));
    expect(error).toMatchObject({ code: 'connection', certainty: 'not_sent' });
    expect(played.stand.requests).toHaveLength(0);
  });

  test('two messages that fit stay unknown, unless one is known as another reply', async () => {
    const first = await adapter.send?.(reply(), signal());
    const second = await adapter.send?.(reply(), signal());
    const doubtful = await adapter.reconcile?.(attemptOf(reply(), 61_000), signal());
    expect(doubtful?.state).toBe('unknown');
    const claimed = attemptOf(reply(), 61_000, [first?.externalId ?? '']);
    expect(await adapter.reconcile?.(claimed, signal())).toEqual({
      state: 'sent',
      externalId: second?.externalId,
    });
  });

  test.each([
    ['another text', { text: 'Laporan Anda kami terima!' }],
    ['another recipient', { to: { scheme: 'tel', value: '+6281200000099' } }],
  ])('%s is another message', async (_name, over) => {
    await adapter.send?.(reply(over), signal());
    expect(await adapter.reconcile?.(attemptOf(reply(), 61_000), signal())).toEqual({ state: 'not_sent' });
  });

  test('what citizens wrote is listed over many pages, with the ids of the webhook', async () => {
    const since = new Date(Date.now() - 1_000);
    const texts = Array.from({ length: 230 }, (_, i) => `laporan ${i}`);
    const written = await Promise.all(
      texts.map((text, i) =>
        played.simulator.write({
          channelId: 'sms-test',
          from: `+62812000${String(i).padStart(5, '0')}`,
          text,
        }),
      ),
    );
    await adapter.send?.(reply(), signal());
    const listed = [];
    for await (const message of adapter.list?.(since, new Date(Date.now() + 1_000)) ?? [])
      listed.push(message);
    expect(new Set(listed.map(({ externalId }) => externalId))).toEqual(new Set(written.map(({ id }) => id)));
    expect(new Set(listed.map(({ text }) => text))).toEqual(new Set(texts));
    const pages = played.stand.requests.filter(({ method }) => method === 'GET');
    expect(pages).toHaveLength(3);
  });

  test('what is outside the times is not listed', async () => {
    await played.simulator.write({ channelId: 'sms-test', from: CITIZEN, text: 'laporan' });
    const future = new Date(Date.now() + 60_000);
    for await (const message of adapter.list?.(future, new Date(future.getTime() + 1)) ?? []) {
      throw new Error(`listed ${message.externalId}`);
    }
  });

  test('the account is well, and wrong credentials are said to be wrong', async () => {
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'ok' });
    const other = await playedTwilio();
    const stranger = adapterFor(other.apiUrl.replace('/twilio', '/elsewhere'));
    expect((await stranger.probe?.(signal()))?.state).toBe('down');
    await stranger.close?.();
    await other.close();
  });
});

describe('against other answers', () => {
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

  test.each([
    ['a success that is not JSON', answer(201, '<html>'), 'bad_response', 'unknown'],
    ['an empty success', answer(201, ''), 'bad_response', 'unknown'],
    ['a success without an id', answer(201, '{"status":"queued"}'), 'bad_response', 'unknown'],
    ['a success that is null', answer(201, 'null'), 'bad_response', 'unknown'],
    ['a connection broken off', undefined, 'connection', 'unknown'],
    ['a gateway that lost the request', answer(504, '<html>'), 'connection', 'unknown'],
    ['a redirect', answer(302, ''), 'bad_response', 'not_sent'],
    ['wrong credentials', answer(401, '{"code":20003,"status":401}'), 'config', 'not_sent'],
  ])('%s', async (_name, given, code, certainty) => {
    const twilio = await answering(() => given);
    expect(await errorOf(twilio.send?.(reply(), signal()))).toMatchObject({ code, certainty });
    // Never tried again by itself: that is the outbox's decision.
    expect(stand?.requests).toHaveLength(1);
  });

  test('a server that is not there took nothing', async () => {
    const twilio = await answering(() => undefined);
    await stand?.close();
    expect(await errorOf(twilio.send?.(reply(), signal()))).toMatchObject({
      code: 'connection',
      retry: 'backoff',
      certainty: 'not_sent',
      providerCode: 'ECONNREFUSED',
    });
  });

  test('a name that does not resolve took nothing', async () => {
    adapter = adapterFor('https://twilio.invalid');
    const error = await errorOf(adapter.send?.(reply(), signal()));
    expect(error).toMatchObject({ code: 'connection', certainty: 'not_sent' });
  });

  test('errors tell neither text nor address nor token', async () => {
    const twilio = await answering(() => answer(400, `{"code":21211,"message":"Invalid ${CITIZEN} text"}`));
    const error = await errorOf(twilio.send?.(reply(), signal()));
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.cause);
    for (const secret of [CITIZEN, 'Laporan Anda', TOKEN, ACCOUNT]) expect(told).not.toContain(secret);
  });

  test('a suspended account is down, a silent provider degraded', async () => {
    const twilio = await answering(() => answer(200, '{"status":"suspended"}'));
    expect(await twilio.probe?.(signal())).toMatchObject({ state: 'down' });
    await stand?.close();
    expect(await twilio.probe?.(signal())).toMatchObject({ state: 'degraded' });
  });

  test('media of the provider come with our credentials, others never', async () => {
    const media = await answering(async () => {
      await sleep(1);
      return answer(200, 'bytes');
    });
    const at = (url: string) =>
      media.fetchAttachment?.({ name: 'a', contentType: 'image/jpeg', url }, signal());
    expect((await at(`${stand?.url}/2010-04-01/Media/ME1`))?.toString()).toBe('bytes');
    expect(stand?.requests[0]?.headers['authorization']).toMatch(/^Basic /);
    for (const url of [
      'http://127.0.0.1:1/x',
      'https://169.254.169.254/latest/meta-data',
      'file:///etc/passwd',
    ]) {
      expect(await errorOf(at(url))).toMatchObject({ code: 'rejected', retry: 'never' });
    }
    expect(stand?.requests).toHaveLength(1);
  });
});
