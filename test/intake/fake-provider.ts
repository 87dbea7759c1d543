/** A provider's wire format in miniature: JSON batches, signed over the raw bytes. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  SignatureError,
  UnparsableError,
  type ChannelAdapter,
  type LeftPart,
  type Parsed,
  type RawRequest,
} from '../../src/core/channel.js';
import type { InboundEvent } from '../../src/core/message.js';

export const SECRET = 'a secret of the tests';

/** One entry of a batch as the provider sends it. Without an `id` it is not understood; `echo` is our own. */
export interface FakeEntry {
  readonly id?: string;
  readonly from?: string;
  readonly text?: string;
  readonly echo?: boolean;
}

export function sign(body: Buffer | string, secret = SECRET): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

export interface FakeOptions {
  readonly maxBodyBytes?: number;
  readonly secret?: string;
  readonly parse?: (request: RawRequest) => Parsed;
  readonly reply?: NonNullable<ChannelAdapter['webhook']>['reply'];
}

export function fakeAdapter(channelId: string, options: FakeOptions = {}): ChannelAdapter {
  const receiver = {
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    verify: (request: RawRequest) => verify(request, options.secret ?? SECRET),
    parse: options.parse ?? ((request: RawRequest) => parse(channelId, request)),
    ...(options.reply === undefined ? {} : { reply: options.reply }),
  };
  return {
    kind: 'fake',
    webhook: receiver,
    statusWebhook: { ...receiver, parse: (request: RawRequest) => parseStatus(channelId, request) },
    measure: () => ({ segments: 1, encoding: 'characters', used: 0, left: 0, costIdr: 0, fits: true }),
  };
}

function verify(request: RawRequest, secret: string): void {
  if (request.method === 'GET') {
    if (request.target.endsWith('?token=right')) return;
    throw new SignatureError('wrong token');
  }
  const given = Buffer.from(String(request.headers['x-fake-signature'] ?? ''));
  const expected = Buffer.from(sign(request.body, secret));
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new SignatureError('mismatch');
}

function parse(channelId: string, request: RawRequest): Parsed {
  if (request.method === 'GET') return { events: [], ignored: [], rejected: [] };
  const entries = readEntries(request);
  const events: InboundEvent[] = [];
  const ignored: LeftPart[] = [];
  const rejected: LeftPart[] = [];
  for (const entry of entries) {
    const part = JSON.stringify(entry);
    if (entry.echo === true) ignored.push({ part, reason: 'own_echo' });
    else if (entry.id === undefined) rejected.push({ part, reason: 'no_id' });
    else events.push(messageOf(channelId, entry, request.receivedAt));
  }
  return { events, ignored, rejected };
}

function messageOf(channelId: string, entry: FakeEntry, receivedAt: Date): InboundEvent {
  return {
    type: 'message',
    channelId,
    externalId: String(entry.id),
    from: { scheme: 'tel', value: entry.from ?? '+6281200000001' },
    text: entry.text ?? '',
    attachments: [],
    automated: false,
    receivedAt: receivedAt.toISOString(),
  };
}

function parseStatus(channelId: string, request: RawRequest): Parsed {
  const [id = ''] = readEntries(request).map((entry) => String(entry.id));
  const at = request.receivedAt.toISOString();
  return {
    events: [{ type: 'delivery', channelId, externalId: id, state: 'delivered', at }],
    ignored: [],
    rejected: [],
  };
}

function readEntries(request: RawRequest): FakeEntry[] {
  try {
    const entries: FakeEntry[] = JSON.parse(request.body.toString());
    return entries;
  } catch (error) {
    throw new UnparsableError('no JSON', { cause: error });
  }
}
