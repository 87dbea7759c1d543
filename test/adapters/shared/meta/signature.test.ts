import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { SignatureError, type RawRequest } from '../../../../src/core/channel.js';
import { metaReply, signMetaBody, verifyMetaRequest } from '../../../../adapters/shared/meta/signature.js';
import { metaJson } from '../../../../adapters/shared/meta/simulator/webhooks.js';
import { APP_SECRET, handshake, PREVIOUS_SECRET, VERIFY_TOKEN, webhook } from './helpers.js';

const secrets = { appSecrets: [APP_SECRET, PREVIOUS_SECRET], verifyToken: VERIFY_TOKEN };

function accepts(request: RawRequest, given = secrets): boolean {
  try {
    verifyMetaRequest(request, given);
    return true;
  } catch (error) {
    if (error instanceof SignatureError) return false;
    throw error;
  }
}

describe('a signature', () => {
  test('is an HMAC-SHA256 over the bytes, in hexadecimal', () => {
    const expected = createHmac('sha256', APP_SECRET).update('{}').digest('hex');
    expect(signMetaBody(APP_SECRET, Buffer.from('{}'))).toBe(`sha256=${expected}`);
  });

  test('of the secret before holds too, while it is being rotated, and no other', () => {
    expect(accepts(webhook({ a: 1 }, { secret: PREVIOUS_SECRET }))).toBe(true);
    expect(accepts(webhook({ a: 1 }, { secret: 'another' }))).toBe(false);
    const rotated = { appSecrets: [APP_SECRET], verifyToken: VERIFY_TOKEN };
    expect(accepts(webhook({ a: 1 }, { secret: PREVIOUS_SECRET }), rotated)).toBe(false);
  });

  test('fault 14: emoji and accents hold on the raw bytes; a copy that was written again is refused', () => {
    const said = { object: 'page', text: 'Lampu mati 😀 jalan Pätimura / Ambon' };
    const bytes = Buffer.from(metaJson(said), 'latin1');
    expect(bytes.toString()).toContain(String.raw`\ud83d\ude00`);
    expect(bytes.toString()).toContain(String.raw`\u00e4`);
    const request = webhook(bytes);
    expect(accepts(request)).toBe(true);
    const copy = Buffer.from(JSON.stringify(JSON.parse(bytes.toString())));
    expect(JSON.parse(copy.toString())).toEqual(said);
    expect(accepts({ ...request, body: copy })).toBe(false);
  });

  test.each<[string, RawRequest['headers']]>([
    ['missing', {}],
    ['twice', { 'x-hub-signature-256': ['a', 'b'] }],
    ['empty', { 'x-hub-signature-256': '' }],
    ['without its scheme', { 'x-hub-signature-256': signMetaBody(APP_SECRET, Buffer.from('{}')).slice(7) }],
    ['of SHA-1', { 'x-hub-signature': `sha1=${'0'.repeat(40)}` }],
    ['too short', { 'x-hub-signature-256': 'sha256=00' }],
    ['too long', { 'x-hub-signature-256': `${signMetaBody(APP_SECRET, Buffer.from('{}'))}0` }],
    ['of other letters', { 'x-hub-signature-256': `sha256=${'é'.repeat(64)}` }],
  ])('fault 12: %s is refused', (_name, headers) => {
    expect(accepts(webhook({}, { headers }))).toBe(false);
  });

  test('any bytes are accepted when signed, and refused with any bit changed in body or signature', () => {
    const body = fc.uint8Array({ minLength: 1, maxLength: 2_000 });
    const secret = fc.constantFrom(...secrets.appSecrets);
    fc.assert(
      fc.property(body, secret, fc.nat(), fc.nat(7), fc.nat(63), (bytes, signedWith, at, bit, digit) => {
        const request = webhook(Buffer.from(bytes), { secret: signedWith });
        if (!accepts(request)) return false;
        const other = Buffer.from(bytes);
        other[at % other.length] = (other[at % other.length] ?? 0) ^ (1 << bit);
        const signature = String(request.headers['x-hub-signature-256']);
        const wrong =
          signature.slice(0, 7 + digit) +
          (signature[7 + digit] === '0' ? '1' : '0') +
          signature.slice(8 + digit);
        const headers = { 'x-hub-signature-256': wrong };
        return !accepts({ ...request, body: other }) && !accepts({ ...request, headers });
      }),
      { numRuns: 500 },
    );
  });
});

describe('the handshake', () => {
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': VERIFY_TOKEN, 'hub.challenge': '1158201444' };

  test('with our word is answered with the challenge, as text', () => {
    const request = handshake(right);
    expect(accepts(request)).toBe(true);
    expect(metaReply(request)).toMatchObject({ status: 200, body: '1158201444' });
    expect(metaReply(request).headers['content-type']).toMatch(/^text\/plain/);
  });

  test.each([
    ['another word', { ...right, 'hub.verify_token': 'another' }],
    ['a part of the word', { ...right, 'hub.verify_token': VERIFY_TOKEN.slice(0, -1) }],
    ['no word', { 'hub.mode': 'subscribe', 'hub.challenge': '1' }],
    ['another mode', { ...right, 'hub.mode': 'unsubscribe' }],
    ['nothing', {}],
  ])('with %s is refused', (_name, query) => {
    expect(accepts(handshake({ ...query }))).toBe(false);
  });

  test('is no way around the signature of events', () => {
    const request = { ...webhook({}, { headers: {} }), target: handshake(right).target };
    expect(accepts(request)).toBe(false);
  });

  test('events are answered with nothing', () => {
    expect(metaReply(webhook({}))).toEqual({ status: 200, headers: {}, body: '' });
  });
});
