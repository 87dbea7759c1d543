/** Webhook requests as Twilio sends them, each another message of another sender, signed beforehand. */
import { stringify } from 'node:querystring';
import { signForm } from '../adapters/sms/providers/twilio/signature.js';
import { AUTH_TOKEN, CHANNEL, PUBLIC_URL } from './city.js';

export interface SignedForm {
  readonly body: string;
  readonly signature: string;
}

export const WEBHOOK_PATH = `/webhooks/${CHANNEL}`;

const COMPLAINTS = [
  'Lampu jalan di depan Pasar Mardika mati sudah tiga malam, tolong segera diperbaiki.',
  'Sampah menumpuk di tepi kali Wai Batu Merah dan belum diangkut sejak minggu lalu',
  'Jalan berlubang di Jl. Sultan Hairun dekat kantor pos, sudah dua motor jatuh hari ini.',
  'Air PDAM di Karang Panjang tidak mengalir dari pagi. Kapan menyala lagi?',
];

/** The message number `index`; equal for equal indexes, so that both sides get the same bytes. */
export function signedForm(index: number): SignedForm {
  const sid = `SM${index.toString(16).padStart(32, '0')}`;
  // The parameters of https://www.twilio.com/docs/messaging/guides/webhook-request in the order of a captured one.
  const parameters = {
    ToCountry: 'ID',
    ToState: '',
    SmsMessageSid: sid,
    NumMedia: '0',
    ToCity: '',
    FromZip: '',
    SmsSid: sid,
    FromState: '',
    SmsStatus: 'received',
    FromCity: '',
    Body: `${COMPLAINTS[index % COMPLAINTS.length]} (${index})`,
    FromCountry: 'ID',
    To: '1708',
    ToZip: '',
    NumSegments: '1',
    MessageSid: sid,
    AccountSid: `AC${'0'.repeat(32)}`,
    From: `+628120${String(index).padStart(7, '0')}`,
    ApiVersion: '2010-04-01',
  };
  return {
    body: stringify(parameters),
    signature: signForm(AUTH_TOKEN, PUBLIC_URL + WEBHOOK_PATH, parameters),
  };
}
