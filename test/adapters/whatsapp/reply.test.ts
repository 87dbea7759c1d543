import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, RawReply, RawRequest, ReplyTarget } from '../../../src/core/channel.js';
import { serve, type Stand } from '../../support/stand.js';
import {
  ago,
  DAY_MS,
  errorOf,
  HOUR_MS,
  json,
  NOW,
  problem,
  signal,
  written,
} from '../shared/meta/helpers.js';
import { ACCOUNT_ID, adapterFor, CITIZEN, HIDDEN, NUMBER_ID, reply, TOKEN } from './helpers.js';

const template = { name: 'jawaban_laporan', language: 'id' };

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
const taken = () => json(200, { messaging_product: 'whatsapp', messages: [{ id: 'wamid.out' }] });
const bodies = () => written(stand?.requests ?? []).map(({ body }) => body);

describe('fault 29: the window', () => {
  const permission = (ms: number | undefined, settings = {}) => {
    const target: ReplyTarget = {
      address: { scheme: 'tel', value: CITIZEN },
      optedOut: false,
      confidentiality: 'public',
      ...(ms !== undefined && { lastInbound: { externalId: 'wamid.1', at: ago(ms) } }),
    };
    return adapterFor(undefined, settings).canReply?.(target, NOW);
  };

  test('is open for a day', () => {
    expect(permission(DAY_MS - 1000)).toEqual({ allowed: true, until: new Date(NOW.getTime() + 1000) });
    expect(permission(DAY_MS)).toMatchObject({ allowed: false, reason: expect.stringContaining('24 jam') });
    expect(permission(undefined)).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('belum pernah'),
    });
  });

  test('does not matter where there is a template', () => {
    for (const ms of [0, DAY_MS, 400 * DAY_MS, undefined])
      expect(permission(ms, { template })).toEqual({ allowed: true });
  });
});

describe('a reply', () => {
  test('within a day is free text and carries our id', async () => {
    const whatsapp = await answering(taken, { template });
    expect(await whatsapp.send?.(reply({ lastInboundAt: ago(HOUR_MS) }), signal())).toEqual({
      externalId: 'wamid.out',
    });
    expect(stand?.requests[0]?.target).toMatch(new RegExp(`^/v26\\.0/${NUMBER_ID}/messages`));
    expect(bodies()).toEqual([
      {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: '6281200000011',
        type: 'text',
        text: { preview_url: false, body: 'Laporan Anda kami teruskan.' },
        biz_opaque_callback_data: 'tabea:0193-outbox',
      },
    ]);
  });

  test.each([ago(DAY_MS), undefined])('later is the template, in one line', async (lastInboundAt) => {
    const whatsapp = await answering(taken, { template });
    const text = 'Yth. Bung,\n\nsudah  selesai.\tTerima     kasih ';
    await whatsapp.send?.(reply({ text, ...(lastInboundAt && { lastInboundAt }) }), signal());
    expect(bodies()).toMatchObject([
      {
        type: 'template',
        template: {
          name: 'jawaban_laporan',
          language: { code: 'id' },
          components: [
            {
              type: 'body',
              parameters: [{ type: 'text', text: 'Yth. Bung, | sudah  selesai. Terima kasih' }],
            },
          ],
        },
      },
    ]);
  });

  test("WhatsApp's clock has the last word", async () => {
    const late = (request: RawRequest) =>
      request.body.includes('"template"') ? taken() : problem(400, 131047);
    const whatsapp = await answering(late, { template });
    expect(await whatsapp.send?.(reply({ lastInboundAt: ago(HOUR_MS) }), signal())).toEqual({
      externalId: 'wamid.out',
    });
    await stand?.close();
    const without = await answering(late);
    expect(await errorOf(without.send?.(reply({ lastInboundAt: ago(HOUR_MS) }), signal()))).toMatchObject({
      code: 'not_permitted',
      retry: 'never',
      certainty: 'not_sent',
    });
  });

  test('to somebody who hides his number goes to his id', async () => {
    const whatsapp = await answering(taken);
    await whatsapp.send?.(reply({ to: { scheme: 'wa-user', value: HIDDEN } }), signal());
    expect(bodies()).toMatchObject([{ recipient: HIDDEN }]);
    expect(bodies()).not.toMatchObject([{ to: expect.anything() }]);
  });

  test('of 4,096 characters fits, as a template 1,024', async () => {
    const whatsapp = await answering(taken, { template });
    expect(whatsapp.measure('a'.repeat(4_096))).toMatchObject({ segments: 1, left: 0, fits: true });
    expect(whatsapp.measure('a'.repeat(4_097)).fits).toBe(false);
    const inTime = { lastInboundAt: ago(0) };
    await whatsapp.send?.(reply({ ...inTime, text: 'a'.repeat(4_096) }), signal());
    for (const message of [
      reply({ ...inTime, text: 'a'.repeat(4_097) }),
      reply({ text: 'a'.repeat(1_025) }),
    ]) {
      expect(await errorOf(whatsapp.send?.(message, signal()))).toMatchObject({
        code: 'rejected',
        certainty: 'not_sent',
      });
    }
  });

  test.each<[string, () => RawReply | undefined]>([
    ['without an id', () => json(200, { messages: [] })],
    ['that never came', () => undefined],
  ])('an answer %s leaves it open, and tells nothing', async (_name, answer) => {
    const whatsapp = await answering(answer);
    const error = await errorOf(whatsapp.send?.(reply(), signal()));
    expect(error).toMatchObject({ certainty: 'unknown' });
    for (const secret of [reply().text, '81200000011', TOKEN])
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });
});

describe('media', () => {
  const file = Buffer.from('gambar');
  const ref = (url: string) => ({ name: 'image.jpeg', contentType: 'image/jpeg', url });
  const mediaOf = (url: unknown) => (request: RawRequest) =>
    request.target.startsWith('/file')
      ? { status: 200, headers: {}, body: file }
      : json(200, { id: '990011', url });

  test('is asked for by its id, then fetched with the token', async () => {
    let own = '';
    const whatsapp = await answering((request) => mediaOf(`${own}/file`)(request));
    own = stand?.url ?? '';
    expect(await whatsapp.fetchAttachment?.(ref(`${own}/v26.0/990011`), signal())).toEqual(file);
    expect(stand?.requests.map(({ headers }) => headers['authorization'])).toEqual([
      `Bearer ${TOKEN}`,
      `Bearer ${TOKEN}`,
    ]);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'https://lookaside.fbsbx.com.evil.example/x',
    'http://lookaside.fbsbx.com/x',
    'https://evil.example/x',
    'file:///etc/passwd',
    'nonsense',
    undefined,
  ])('fault 30: an address that is not Meta’s is not dialled: %p', async (url) => {
    const whatsapp = await answering(mediaOf(url));
    const error = await errorOf(whatsapp.fetchAttachment?.(ref(`${stand?.url}/v26.0/990011`), signal()));
    expect(error).toMatchObject({ code: 'rejected', retry: 'never' });
    expect(stand?.requests).toHaveLength(1);
  });

  test('an attachment that is not one of WhatsApp is not asked for', async () => {
    const whatsapp = await answering(taken);
    for (const url of [
      'http://169.254.169.254/990011',
      `${stand?.url}/v26.0/../debug_token`,
      `${stand?.url}x/990011`,
    ]) {
      expect(await errorOf(whatsapp.fetchAttachment?.(ref(url), signal()))).toMatchObject({
        code: 'rejected',
      });
    }
    expect(stand?.requests).toHaveLength(0);
  });
});

describe('the probe', () => {
  const world = (apps: object[], number: RawReply = json(200, { id: NUMBER_ID, quality_rating: 'GREEN' })) =>
    answering((request) => {
      if (request.method === 'POST') return json(200, { success: true });
      return request.target.includes('subscribed_apps') ? json(200, { data: apps }) : number;
    });

  test('all is well, and the subscription is asked for once an hour', async () => {
    const whatsapp = await world([{ whatsapp_business_api_data: { id: '7' } }]);
    for (let i = 0; i < 3; i++) expect(await whatsapp.probe?.(signal())).toMatchObject({ state: 'ok' });
    expect(stand?.requests).toHaveLength(4);
  });

  test('a subscription that is gone is renewed and told of', async () => {
    const whatsapp = await world([]);
    expect(await whatsapp.probe?.(signal())).toMatchObject({
      state: 'degraded',
      detail: expect.stringContaining('subscribed again'),
    });
    expect(written(stand?.requests ?? [])).toMatchObject([{ path: `/v26.0/${ACCOUNT_ID}/subscribed_apps` }]);
  });

  test.each<[string, RawReply, string, string]>([
    ['a dead token', problem(401, 190), 'down', 'accessToken'],
    ['a wrong number', problem(400, 100, 33), 'down', 'phoneNumberId'],
    ['a fault of Meta', problem(500, 2), 'degraded', 'unavailable'],
    ['a bad rating', json(200, { quality_rating: 'RED' }), 'degraded', 'RED'],
  ])('%s', async (_name, number, state, words) => {
    const whatsapp = await world([{}], number);
    expect(await whatsapp.probe?.(signal())).toMatchObject({ state, detail: expect.stringContaining(words) });
  });
});
