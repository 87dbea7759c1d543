/**
 * Who may post to a webhook of Meta, and its handshake.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SignatureError, type RawReply, type RawRequest } from '../../../src/core/channel.js';

const PREFIX = 'sha256=';
const HEX_LENGTH = 64;
/** A number of some ten digits as Meta sends it; far more is somebody else's joke. */
const MAX_CHALLENGE = 256;

export interface MetaSecrets {
  /** Two hold at once while one is rotated. */
  readonly appSecrets: readonly string[];
  readonly verifyToken: string;
}

/**
 * Throws SignatureError. Meta signs the bytes that it sends, in which every character beyond ASCII is written
 * `\u00e4`: a body that was parsed and written again has another signature as soon as somebody uses an accent.
 */
export function verifyMetaRequest(request: RawRequest, secrets: MetaSecrets): void {
  if (request.method === 'GET') return verifyHandshake(request, secrets.verifyToken);
  const given = request.headers['x-hub-signature-256'];
  if (typeof given !== 'string') throw new SignatureError('X-Hub-Signature-256 is missing');
  if (!given.startsWith(PREFIX) || given.length !== PREFIX.length + HEX_LENGTH) {
    throw new SignatureError('X-Hub-Signature-256 has a wrong form');
  }
  const hex = Buffer.from(given.slice(PREFIX.length).toLowerCase(), 'utf8');
  const isSigned = secrets.appSecrets.some((secret) => isSame(hex, hmacHex(secret, request.body)));
  if (!isSigned) throw new SignatureError('X-Hub-Signature-256 does not match');
}

/** Value of `X-Hub-Signature-256`; for the simulators and tests. */
export function signMetaBody(secret: string, body: Buffer): string {
  return PREFIX + hmacHex(secret, body);
}

/** What Meta expects: its challenge to a handshake, any 200 to events. To be called after `verifyMetaRequest`. */
export function metaReply(request: RawRequest): RawReply {
  if (request.method !== 'GET') return { status: 200, headers: {}, body: '' };
  const challenge = queryOf(request).get('hub.challenge') ?? '';
  return {
    status: 200,
    // It comes back as it was sent: no browser may take it for a page.
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: challenge.slice(0, MAX_CHALLENGE),
  };
}

/** `appsecret_proof`: shows that whoever has the token also has the app's secret. */
export function appSecretProof(appSecret: string, accessToken: string): string {
  return hmacHex(appSecret, Buffer.from(accessToken, 'utf8'));
}

function verifyHandshake(request: RawRequest, verifyToken: string): void {
  const query = queryOf(request);
  if (query.get('hub.mode') !== 'subscribe') throw new SignatureError('hub.mode is not subscribe');
  // Hashed first, so that the time taken says nothing of the length either.
  const [given, expected] = [query.get('hub.verify_token') ?? '', verifyToken].map((token) =>
    createHash('sha256').update(token).digest(),
  );
  if (!given || !expected || !timingSafeEqual(given, expected)) {
    throw new SignatureError('hub.verify_token does not match');
  }
}

function queryOf({ target }: RawRequest): URLSearchParams {
  const start = target.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : target.slice(start + 1));
}

function hmacHex(secret: string, body: Buffer): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** In constant time for equal lengths; the right length is no secret. */
function isSame(given: Buffer, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected, 'latin1'));
}
