import { ChannelError } from '../../../../src/core/channel-error.js';
import type {
  Logger,
  RawReply,
  RawRequest,
  SendAttempt,
  OutboundMessage,
} from '../../../../src/core/channel.js';
import { signMetaBody } from '../../../../adapters/shared/meta/signature.js';

export const APP_SECRET = 'an-app-secret-for-tests';
export const PREVIOUS_SECRET = 'the-app-secret-of-before';
export const VERIFY_TOKEN = 'a-verify-token-for-tests';
export const NOW = new Date('2026-11-23T01:02:03.000Z');
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export const signal = () => new AbortController().signal;

export const ago = (ms: number, now = NOW) => new Date(now.getTime() - ms);

/** A webhook as the gateway hands it over, signed. */
export function webhook(
  body: unknown,
  options: { secret?: string; headers?: RawRequest['headers']; target?: string } = {},
): RawRequest {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return {
    method: 'POST',
    target: options.target ?? '/webhooks/meta-test',
    headers: options.headers ?? {
      'content-type': 'application/json',
      'x-hub-signature-256': signMetaBody(options.secret ?? APP_SECRET, bytes),
    },
    body: bytes,
    receivedAt: NOW,
  };
}

export function handshake(query: Readonly<Record<string, string>>): RawRequest {
  const target = `/webhooks/meta-test?${new URLSearchParams(query).toString()}`;
  return { method: 'GET', target, headers: {}, body: Buffer.alloc(0), receivedAt: NOW };
}

export function json(status: number, body: unknown, headers: RawReply['headers'] = {}): RawReply {
  return { status, headers, body: JSON.stringify(body) };
}

export function problem(status: number, code: number, subcode?: number): RawReply {
  return json(status, {
    error: { message: 'secret words', code, ...(subcode && { error_subcode: subcode }) },
  });
}

export function attemptOf(
  message: OutboundMessage,
  ageMs: number,
  claimed: readonly string[] = [],
): SendAttempt {
  const now = new Date();
  return {
    message,
    startedAt: ago(ageMs, now),
    now,
    isClaimed: (id) => Promise.resolve(claimed.includes(id)),
  };
}

export async function errorOf(promise: Promise<unknown> | undefined): Promise<ChannelError> {
  const error: unknown = await Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw new Error(`not a ChannelError: ${String(error)}`);
  return error;
}

/** The bodies of the requests that wrote something, in order, with where they went. */
export function written(requests: readonly RawRequest[]): { path: string; body: unknown }[] {
  return requests
    .filter(({ method }) => method === 'POST')
    .map(({ target, body }) => ({
      path: target.split('?')[0] ?? '',
      body: JSON.parse(body.toString()) as unknown,
    }));
}
