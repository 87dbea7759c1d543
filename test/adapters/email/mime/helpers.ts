import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Logger, Parsed, PutBlob } from '../../../../src/core/channel.js';
import type { DeliveryReport, InboundMessage } from '../../../../src/core/message.js';
import { makeMessageIds } from '../../../../adapters/email/message-ids.js';
import type { MailOrigin } from '../../../../adapters/email/mail.js';
import { createMailParser, type MailParserOptions } from '../../../../adapters/email/mime/parser.js';

const FIXTURES = `${import.meta.dirname}/../../../fixtures/email`;

export const CHANNEL_ADDRESS = 'tabea@ambon.example';
export const OUTBOX_ID = '01937a5e-0000-7000-8000-000000000001';
export const EARLIER_OUTBOX_ID = '01937a5e-0000-7000-8000-000000000002';
export const TOKEN = '1234567897-0123456789abcdef0123';

export const sign = (text: string) =>
  createHmac('sha256', 'key of the tests').update(text).digest('hex').slice(0, 20);
export const messageIds = makeMessageIds(sign, 'ambon.example');
export const OWN_ID = messageIds.make(OUTBOX_ID);

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export const origin: MailOrigin = {
  channelId: 'mail-test',
  receivedAt: new Date('2026-11-23T02:00:00.000Z'),
};

/** What stands in fixtures for ids that are signed. */
const FILLED: Readonly<Record<string, string>> = {
  '{own}': OWN_ID,
  '{OWN}': OWN_ID.toUpperCase(),
  '{own2}': messageIds.make(EARLIER_OUTBOX_ID),
  '{ownlocal}': OWN_ID.slice(0, OWN_ID.indexOf('@')),
  '{forged}': `${OUTBOX_ID}.${'0'.repeat(20)}@ambon.example`,
  '{token}': TOKEN,
};

export function fixture(name: string): Buffer {
  let text = readFileSync(`${FIXTURES}/${name}.eml`, 'latin1');
  for (const [placeholder, value] of Object.entries(FILLED)) text = text.replaceAll(placeholder, value);
  return Buffer.from(text, 'latin1');
}

export const fixtureNames = readdirSync(FIXTURES).map((file) => file.replace(/\.eml$/, ''));

/** A mail of text lines, with line ends as mail has them. */
export function mail(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'));
}

export class Blobs {
  readonly byHash = new Map<string, Buffer>();
  readonly put: PutBlob = (bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    this.byHash.set(hash, bytes);
    return Promise.resolve(hash);
  };

  text(hash: string | undefined): string | undefined {
    return this.byHash.get(hash ?? '')?.toString('utf8');
  }
}

export function testParser(options: Partial<MailParserOptions> = {}) {
  return createMailParser({
    ownAddresses: [CHANNEL_ADDRESS, 'Tabea Ambon <tabea@ambon.example>'],
    messageIds,
    logger: silentLogger,
    ...options,
  });
}

export function messageOf({ events }: Parsed): InboundMessage {
  const [event, ...others] = events;
  if (event?.type !== 'message' || others.length > 0) throw new Error('not one message');
  return event;
}

export function reportOf({ events }: Parsed): DeliveryReport {
  const [event, ...others] = events;
  if (event?.type !== 'delivery' || others.length > 0) throw new Error('not one delivery report');
  return event;
}
