import { createHash } from 'node:crypto';
import { parse, stringify } from 'node:querystring';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import twilio from 'twilio';
import { SignatureVerifier, signForm } from '../../../adapters/sms/providers/twilio/signature.js';
import { SignatureError, type RawRequest } from '../../../src/core/channel.js';
import { PUBLIC_URL, rawRequest, signedRequest, TOKEN } from './helpers.js';

const verifier = new SignatureVerifier(PUBLIC_URL, [TOKEN]);
const message = { MessageSid: 'SM1', From: '+6281200000011', Body: 'Lampu jalan padam ' };

function accepts(request: RawRequest, by = verifier): boolean {
  try {
    by.verify(request);
    return true;
  } catch (error) {
    // Nothing else may ever come out: it would be answered with 500.
    expect(error).toBeInstanceOf(SignatureError);
    return false;
  }
}

/** The SDK's verdict over the form as Express reads it. A throw of the SDK is a refusal. */
function sdkAccepts(request: RawRequest, publicUrl: string, token = TOKEN): boolean {
  const header = String(request.headers['x-twilio-signature'] ?? '');
  const url = publicUrl + request.target;
  try {
    if (url.includes('bodySHA256')) {
      return twilio.validateRequestWithBody(token, header, url, request.body.toString());
    }
    return twilio.validateRequest(token, header, url, formAsInExpress(request.body.toString()));
  } catch {
    return false;
  }
}

/** Lists are made anew: the SDK asks `instanceof Array`, and jest's Array is not the one of node:querystring. */
function formAsInExpress(body: string): Record<string, string | string[] | undefined> {
  const form: ReturnType<typeof formAsInExpress> = Object.create(null);
  for (const [name, value] of Object.entries(parse(body, '&', '=', { maxKeys: 0 }))) {
    form[name] = typeof value === 'object' ? Array.from(value) : value;
  }
  return form;
}

describe('a signature', () => {
  test('of the account is accepted', () => {
    expect(accepts(signedRequest('/webhooks/sms-1708', message))).toBe(true);
  });

  test.each([
    ['a trailing space in the text', '/webhooks/sms-1708', { ...message, Body: 'tolong  ' }],
    ['an apostrophe in the query', "/webhooks/sms-1708?q=jum'at", message],
    ['an escaped apostrophe in the query', '/webhooks/sms-1708?q=jum%27at', message],
    ['an encoded space and a plus', '/webhooks/sms-1708?a=%20&b=+', message],
    ['repeated parameters', '/webhooks/sms-1708', { ...message, Tag: ['b', 'a', 'b'] }],
    ['a name of the object prototype', '/webhooks/sms-1708', { ['__proto__']: 'x', constructor: 'y' }],
    ['NUL, bidi override and joined emoji', '/webhooks/sms-1708', { Body: '\0\u202e👨‍👩‍👧' }],
    ['no parameter at all', '/webhooks/sms-1708', {}],
  ])('over %s is accepted', (_name, target, parameters) => {
    const request = signedRequest(target, parameters);
    expect(sdkAccepts(request, PUBLIC_URL)).toBe(true);
    expect(accepts(request)).toBe(true);
  });

  test.each([
    ['https://tabea.example:443', 'https://tabea.example'],
    ['https://tabea.example', 'https://tabea.example:443'],
    ['https://tabea.example', 'https://tabea.example:8443'],
    ['http://tabea.example:80', 'http://tabea.example'],
    ['http://[::1]', 'http://[::1]:80'],
  ])('made for %s fits the public address %s, as behind a proxy', (signed, configured) => {
    const request = signedRequest('/webhooks/sms-1708?x=1', message, { publicUrl: signed });
    expect(sdkAccepts(request, configured)).toBe(true);
    expect(accepts(request, new SignatureVerifier(configured, [TOKEN]))).toBe(true);
  });

  test('over the hash of a JSON body is accepted, and refused with another body', () => {
    const body = '{"MessageSid":"SM1"}';
    const hash = createHash('sha256').update(body).digest('hex');
    const target = `/webhooks/sms-1708?bodySHA256=${hash}`;
    const header = { 'x-twilio-signature': signForm(TOKEN, PUBLIC_URL + target, {}) };
    expect(accepts(rawRequest(target, body, header))).toBe(true);
    expect(accepts(rawRequest(target, `${body} `, header))).toBe(false);
  });

  test('of the previous token is accepted while the token is being rotated', () => {
    const rotating = new SignatureVerifier(PUBLIC_URL, ['the-new-token', TOKEN]);
    expect(accepts(signedRequest('/webhooks/sms-1708', message), rotating)).toBe(true);
    expect(accepts(signedRequest('/w', message, { token: 'the-new-token' }), rotating)).toBe(true);
    expect(accepts(signedRequest('/w', message, { token: 'an-older-one' }), rotating)).toBe(false);
  });

  const valid = String(signedRequest('/webhooks/sms-1708', message).headers['x-twilio-signature']);
  test.each<[string, string | string[] | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['too short', valid.slice(1)],
    ['too long', `${valid}=`],
    ['repeated', [valid, valid]],
    ['of the right length and not base64', '€'.repeat(9) + 'a'],
    ['not ASCII', `${valid.slice(0, 27)}é`],
    ['the same bits written otherwise', `${valid.slice(0, 26)}${nextLetter(valid[26])}=`],
  ])('that is %s is refused', (_name, header) => {
    const request = rawRequest('/webhooks/sms-1708', stringify(message), { 'x-twilio-signature': header });
    expect(accepts(request)).toBe(false);
  });

  test('with any one character changed is refused', () => {
    for (let i = 0; i < valid.length; i++) {
      const changed = valid.slice(0, i) + (valid[i] === 'A' ? 'B' : 'A') + valid.slice(i + 1);
      const request = rawRequest('/webhooks/sms-1708', stringify(message), { 'x-twilio-signature': changed });
      expect(accepts(request)).toBe(false);
    }
  });

  test('over a body with any one byte changed is refused', () => {
    const request = signedRequest('/webhooks/sms-1708', message);
    for (let i = 0; i < request.body.length; i++) {
      const body = Buffer.from(request.body);
      body[i] = body[i]! ^ 0x01;
      // %2B and %2b are one character: what was signed is the decoded form.
      const same = stringify(parse(body.toString())) === stringify(parse(request.body.toString()));
      expect(accepts({ ...request, body })).toBe(same);
    }
  });
});

/** In the last group of base64 two bits are unused: another letter decodes to the same bytes. */
function nextLetter(letter: string | undefined): string {
  return String.fromCharCode((letter ?? 'A').charCodeAt(0) + 1);
}

describe('over anything, our verdict is that of the SDK', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom("jum'at", ' ', 'a b', '%', '+', '&=', '\0', '\u202e', '€', '__proto__', 'toString'),
  );
  const parameters = fc.dictionary(text, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 4 })));
  const publicUrls = fc.constantFrom(
    'https://tabea.example',
    'https://tabea.example:443',
    'https://tabea.example:8443',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
    'http://[::1]',
    'HTTPS://Tabea.Example',
    'https://user:pass@tabea.example',
    'https://tabea.example/prefix',
    'tabea.example',
  );
  const query = fc.oneof(
    fc.constant(''),
    fc.webQueryParameters().map((q) => `?${q}`),
    fc.constantFrom(
      "?a='b'",
      '?',
      '?a=%27',
      '?a=b&a=c',
      '?a b',
      '?ü=é',
      '?bodySHA256=',
      '?x=bodySHA256',
      '#f?x',
    ),
  );
  const target = fc.tuple(fc.webPath(), query).map(([path, q]) => `/webhooks/sms${path}${q}`);
  /** How the signer sees the address; the last ones are wrong or escaped. */
  const disguise = fc.constantFrom<(url: string) => string>(
    (url) => url,
    (url) => url.replace(/:\d+(?=\/)/, ''),
    (url) => url.replace(/^(https:\/\/[^/:]+)\//, '$1:443/'),
    (url) => url.replace(/^(http:\/\/[^/:]+)\//, '$1:80/'),
    (url) => (URL.canParse(url) ? new URL(url).toString() : url),
    (url) => url.replaceAll("'", '%27'),
    (url) => `${url}x`,
    (url) => url.toLowerCase(),
  );

  test('with forms', () => {
    const verdicts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(
        publicUrls,
        target,
        parameters,
        disguise,
        fc.boolean(),
        (publicUrl, at, form, disguised, tamper) => {
          const body = stringifyLossy(form);
          // Signed over what Express would hand to the SDK.
          const decoded = formAsInExpress(body);
          const signature = twilio.getExpectedTwilioSignature(TOKEN, disguised(publicUrl + at), decoded);
          const request = rawRequest(at, tamper ? `${body}&x` : body, { 'x-twilio-signature': signature });
          const ours = accepts(request, new SignatureVerifier(publicUrl, [TOKEN]));
          verdicts[ours ? 'accepted' : 'refused']++;
          return ours === sdkAccepts(request, publicUrl);
        },
      ),
      { numRuns: 3_000 },
    );
    // A property over one kind of verdict would say nothing.
    expect(verdicts.accepted).toBeGreaterThan(300);
    expect(verdicts.refused).toBeGreaterThan(300);
  });

  test('with hashed bodies', () => {
    let accepted = 0;
    fc.assert(
      fc.property(publicUrls, text, disguise, fc.boolean(), (publicUrl, body, disguised, tamper) => {
        const hash = createHash('sha256').update(body).digest('hex');
        const at = `/webhooks/sms?bodySHA256=${tamper ? hash.toUpperCase() : hash}`;
        const signature = twilio.getExpectedTwilioSignature(TOKEN, disguised(publicUrl + at), {});
        const request = rawRequest(at, body, { 'x-twilio-signature': signature });
        const ours = accepts(request, new SignatureVerifier(publicUrl, [TOKEN]));
        if (ours) accepted++;
        return ours === sdkAccepts(request, publicUrl);
      }),
      { numRuns: 1_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

/** querystring.stringify throws on lone surrogates. */
function stringifyLossy(form: Record<string, string | string[]>): string {
  const wellFormed = (value: string) => value.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
  return stringify(
    Object.fromEntries(
      Object.entries(form).map(([name, value]) => [
        wellFormed(name),
        Array.isArray(value) ? value.map(wellFormed) : wellFormed(value),
      ]),
    ),
  );
}

describe('many parameters', () => {
  test('10,000 signed ones are judged, 30,000 are not even read', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, 'v']));
    expect(accepts(signedRequest('/w', many(10_000)))).toBe(true);
    expect(accepts(signedRequest('/w', many(30_000)))).toBe(false);
  });
});
