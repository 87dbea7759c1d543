/** A mail that was delivered to us, as the request that Tabea keeps; and back, for replay. */
import type { Parsed, PutBlob, RawRequest } from '../../../src/core/channel.js';
import type { MailOrigin, MailParser } from '../mail.js';

/** `target` of every request that the reception makes. */
export const RECEPTION_TARGET = 'smtp:reception';

/** A name of our own for what only the envelope says; only ever read from our own store. */
const ENVELOPE_FROM = 'x-tabea-envelope-from';

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
