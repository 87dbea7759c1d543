/** A mail that was delivered to us, as the request that Tabea keeps; and back, for replay. */
import {
  UnparsableError,
  type Parsed,
  type PulledItem,
  type PutBlob,
  type RawRequest,
} from '../../../src/core/channel.js';
import type { MailOrigin, MailParser } from '../mail.js';

/** `target` of every request that the reception makes. */
export const RECEPTION_TARGET = 'smtp:reception';

/** A name of our own for what only the envelope says; only ever read from our own store. */
const ENVELOPE_FROM = 'x-tabea-envelope-from';
/** Of a mail that cannot be read, what its row in the quarantine shows; the whole lies beside it. */
const MAX_HEAD_BYTES = 64 * 1024;

export function receivedRequest(body: Buffer, envelopeFrom: string, receivedAt: Date): RawRequest {
  return {
    method: 'PULL',
    target: RECEPTION_TARGET,
    headers: { 'content-type': 'message/rfc822', [ENVELOPE_FROM]: envelopeFrom },
    body,
    receivedAt,
  };
}

/** Reads what `receivedRequest` made. Throws UnparsableError. */
export function parseReceived(
  parser: Pick<MailParser, 'parse'>,
  channelId: string,
  request: RawRequest,
  putBlob: PutBlob,
): Promise<Parsed> {
  const envelopeFrom = request.headers[ENVELOPE_FROM];
  const origin: MailOrigin = {
    channelId,
    receivedAt: request.receivedAt,
    ...(typeof envelopeFrom === 'string' ? { envelopeFrom } : {}),
  };
  return parser.parse(request.body, origin, putBlob);
}

/** What cannot be read goes to quarantine. Throws only what has nothing to do with the mail. */
export async function receivedItem(
  parser: Pick<MailParser, 'parse'>,
  channelId: string,
  request: RawRequest,
  putBlob: PutBlob,
): Promise<PulledItem> {
  try {
    return { request, parsed: await parseReceived(parser, channelId, request, putBlob) };
  } catch (error) {
    if (!(error instanceof UnparsableError)) throw error;
    const part = headOf(request.body);
    return { request, parsed: { events: [], ignored: [], rejected: [{ part, reason: error.message }] } };
  }
}

function headOf(bytes: Buffer): string {
  const ends = [bytes.indexOf('\r\n\r\n'), bytes.indexOf('\n\n'), MAX_HEAD_BYTES, bytes.length];
  return bytes.subarray(0, Math.min(...ends.filter((end) => end >= 0))).toString('latin1');
}
