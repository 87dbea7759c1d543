/** OAuth 1.0a as X checks it: https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RawRequest } from '../../../src/core/channel.js';
import type { TwitterSettings } from '../settings.js';

type Keys = Pick<TwitterSettings, 'appKey' | 'appSecret' | 'accessToken' | 'accessSecret'>;

/** Over the address that was dialled; JSON bodies are not part of it. */
export function isSigned(request: RawRequest, path: string, keys: Keys): boolean {
  const given = readHeader(String(request.headers['authorization'] ?? ''));
  if (given.get('oauth_consumer_key') !== keys.appKey) return false;
  if (given.get('oauth_token') !== keys.accessToken) return false;
  const query = new URLSearchParams(request.target.split('?', 2)[1] ?? '');
  const sorted = [...given, ...query]
    .filter(([name]) => name !== 'oauth_signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const address = `http://${String(request.headers['host'] ?? '')}${path}`;
  const base = [request.method, encode(address), encode(sorted)].join('&');
  const key = `${encode(keys.appSecret)}&${encode(keys.accessSecret)}`;
  const expected = Buffer.from(createHmac('sha1', key).update(base).digest('base64'));
  const signature = Buffer.from(given.get('oauth_signature') ?? '');
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

function readHeader(header: string): Map<string, string> {
  const pairs = header.replace(/^OAuth\s+/, '').matchAll(/([a-z_]+)="([^"]*)"/g);
  return new Map([...pairs].map(([, name = '', value = '']) => [name, decoded(value)]));
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

function encode(text: string): string {
  const hex = (one: string) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, hex);
}
