/** The raw form of a message: what it is, and whether it is one message alone. */
import type { ChannelAdapter, RawRequest } from '../../core/channel.js';
import type { MessagePlace, RawMessage } from '../../cases/message-files.js';

/** First line of a mail: a field of its header (RFC 5322, 2.2). */
const MAIL = /^[!-9;-~]{1,76}:[ \t]/;

export function rawFile(
  { method, headers }: RawMessage,
  { messageId }: MessagePlace,
  bytes: Buffer,
): { name: string; contentType: string } {
  const given = headers['content-type'];
  const declared = (typeof given === 'string' ? given : (given?.[0] ?? '')).toLowerCase();
  const isMail =
    declared.startsWith('message/rfc822') ||
    (method === 'PULL' && declared === '' && MAIL.test(bytes.subarray(0, 100).toString('latin1')));
  return isMail
    ? { name: `${messageId}.eml`, contentType: 'message/rfc822' }
    : { name: `${messageId}.txt`, contentType: 'text/plain' };
}

/** Asks the channel's own parser. What nobody can read counts as several: the strict side. */
export function isOneMessage(
  adapter: ChannelAdapter | undefined,
  { method, target, headers, receivedAt }: RawMessage,
  body: Buffer,
): boolean {
  // One item of a mailbox or a list, or what one form held.
  if (method === 'PULL' || target === '-') return true;
  const request: RawRequest = { method, target, headers, receivedAt, body };
  try {
    const parsed = adapter?.webhook?.parse(request);
    return (
      parsed !== undefined && parsed.events.length + parsed.rejected.length + parsed.ignored.length === 1
    );
  } catch {
    return false;
  }
}
