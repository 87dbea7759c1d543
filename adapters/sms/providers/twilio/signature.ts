/**
 * Judges `X-Twilio-Signature` exactly as `validateRequest` and `validateRequestWithBody` of the SDK do
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-security), but fast, and never with another error
 * than SignatureError. A property test holds it to the SDK's verdict.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parse, stringify } from 'node:querystring';
import { SignatureError, type RawRequest } from '../../../../src/core/channel.js';
import { formOf, type FormParameters } from './form.js';

/** base64 of an HMAC-SHA1. */
const SIGNATURE_LENGTH = 28;

/** Scheme, user info and authority of a URL whose path and query keep the characters that were signed. */
const URL_START = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i;

/** Two tokens hold at once while one is rotated. The first is tried first. */
export class SignatureVerifier {
  readonly #tokens: readonly string[];
  readonly #publicUrl: string;

  constructor(publicUrl: string, tokens: readonly string[]) {
    this.#publicUrl = publicUrl;
    this.#tokens = tokens;
  }

  /** Throws SignatureError where the request does not come from the account's Twilio. */
  verify(request: RawRequest): void {
    const signature = request.headers['x-twilio-signature'];
    if (typeof signature !== 'string') throw new SignatureError('X-Twilio-Signature is missing');
    const given = Buffer.from(signature, 'utf8');
    if (given.length !== SIGNATURE_LENGTH) throw new SignatureError('X-Twilio-Signature has a wrong length');

    const url = this.#publicUrl + request.target;
    const signsBodyHash = url.includes('bodySHA256');
    const parameters = signsBodyHash ? '' : sortedParameters(formOf(request).parameters);
    if (!this.#isSigned(given, url, parameters)) {
      throw new SignatureError('X-Twilio-Signature does not match');
    }
    if (signsBodyHash && !bodyHashMatches(url, request.body)) {
      throw new SignatureError('bodySHA256 does not match');
    }
  }

  #isSigned(given: Buffer, url: string, parameters: string): boolean {
    for (const candidate of signedUrls(url)) {
      if (this.#tokens.some((token) => isEqual(given, hmac(token, candidate + parameters)))) return true;
    }
    return false;
  }
}

/** What Twilio would send for these parameters; for the simulator and tests. */
export function signForm(token: string, url: string, parameters: FormParameters): string {
  return hmac(token, url + sortedParameters(parameters));
}

function hmac(token: string, data: string): string {
  return createHmac('sha1', token).update(data).digest('base64');
}

/** In constant time for equal lengths; the right length is no secret. */
function isEqual(given: Buffer, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected, 'latin1'));
}

/** Names in order of their code units, each with its value; repeated values once, sorted. */
function sortedParameters(parameters: FormParameters): string {
  let joined = '';
  for (const name of Object.keys(parameters).sort()) {
    const value = parameters[name] ?? '';
    if (typeof value === 'string') joined += name + value;
    else for (const one of [...new Set(value)].sort()) joined += name + one;
  }
  return joined;
}

/**
 * The forms of the address that may have been signed: as received, with and without the port; then as
 * `new URL()` writes it, for back ends that sign the escaped form. Lazily: the first one nearly always fits.
 */
function* signedUrls(url: string): Generator<string> {
  yield url;
  yield withoutPort(url);
  yield withPort(url);
  if (!URL.canParse(url)) return;
  const escaped = new URL(url).toString();
  const normalized = [withoutPort(escaped), withPort(escaped)];
  yield* new Set([...normalized, ...normalized.map(withLegacyQuery)]);
}

interface UrlParts {
  readonly scheme: string;
  readonly userInfo: string;
  readonly host: string;
  /** With its colon, or empty. */
  readonly port: string;
  readonly rest: string;
}

function splitUrl(url: string): UrlParts | undefined {
  const match = URL_START.exec(url);
  if (!match) return undefined;
  const [start, scheme = '', authority = ''] = match;
  const userInfoEnd = authority.lastIndexOf('@') + 1;
  const hostAndPort = authority.slice(userInfoEnd);
  // In an IPv6 literal a colon begins the port only behind the bracket.
  const colon = hostAndPort.indexOf(':', hostAndPort.lastIndexOf(']') + 1);
  return {
    scheme,
    userInfo: authority.slice(0, userInfoEnd),
    host: colon === -1 ? hostAndPort : hostAndPort.slice(0, colon),
    port: colon === -1 ? '' : hostAndPort.slice(colon),
    rest: url.slice(start.length),
  };
}

function withoutPort(url: string): string {
  const parts = splitUrl(url);
  return parts ? parts.scheme + parts.userInfo + parts.host + parts.rest : url;
}

function withPort(url: string): string {
  const parts = splitUrl(url);
  if (!parts || parts.port) return url;
  const port = parts.scheme.toLowerCase() === 'https://' ? ':443' : ':80';
  return parts.scheme + parts.userInfo + parts.host + port + parts.rest;
}

function withLegacyQuery(url: string): string {
  const start = url.indexOf('?');
  if (start === -1 || start === url.length - 1) return url;
  return `${url.slice(0, start)}?${stringify(parse(url.slice(start + 1)))}`;
}

function bodyHashMatches(url: string, body: Buffer): boolean {
  if (!URL.canParse(url)) return false;
  const given = Buffer.from(new URL(url).searchParams.get('bodySHA256') ?? '', 'utf8');
  return isEqual(given, createHash('sha256').update(body).digest('hex'));
}
