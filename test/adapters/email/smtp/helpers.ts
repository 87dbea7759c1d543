import { makeMessageIds } from '../../../../adapters/email/message-ids.js';
import {
  createMailSender,
  type MailSender,
  type MailSenderOptions,
} from '../../../../adapters/email/smtp/sender.js';
import type { Logger, OutboundMessage } from '../../../../src/core/channel.js';

export const CITIZEN = 'budi@warga.example';
export const NOW = new Date('2026-11-25T03:04:05Z');

export const signal = () => new AbortController().signal;

export const outbound = (over: Partial<OutboundMessage> = {}): OutboundMessage => ({
  id: '01939c1e-0000-7000-8000-000000000001',
  channelId: 'email',
  to: { scheme: 'mailto', value: CITIZEN, name: 'Budi Sapulette' },
  subject: 'Re: Lampu jalan padam',
  text: 'Salam hormat,\n\nLampu di Jl. Pattimura kami perbaiki besok.\nTerima kasih.',
  automated: false,
  attempt: 1,
  ...over,
});

export interface TestSender extends MailSender {
  logged(): string;
}

export function senderFor(smtpUrl: string, over: Partial<MailSenderOptions> = {}): TestSender {
  const lines: string[] = [];
  const note = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const sender = createMailSender({
    channelId: 'email',
    from: { address: 'tabea@ambon.example', name: 'Tabea Ambon' },
    address: 'lapor@ambon.example',
    ids: makeMessageIds(() => 'f'.repeat(20), 'ambon.example'),
    maxAttachmentBytes: 20_000_000,
    now: () => NOW,
    smtpUrl,
    logger,
    ...over,
  });
  return { ...sender, logged: () => lines.join('\n') };
}

/** What was thrown; fails the test where nothing was. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: unknown) => error,
  );
}
