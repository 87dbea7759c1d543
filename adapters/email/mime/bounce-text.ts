/** Bounces written for people only: qmail, Exim, Postfix without a report, Exchange, Gmail. */
import type { Part } from './parts.js';

const MAX_BYTES = 64 * 1024;

const SUBJECT =
  /undeliver|delivery (?:status notification|failure|has failed|incomplete|delayed)|mail delivery (?:failed|failure|system|status)|message delivery failure|returned mail|failure notice|failed delivery|returned to sender|could not be delivered|warning: (?:message|could not send)|gagal (?:di|ter)?kirim|tidak (?:dapat )?ter(?:kirim|sampaikan)|pengiriman (?:gagal|tertunda)|belum terkirim/i;

const TEXT =
  /this is the qmail-send program|created automatically by mail delivery software|this is the mail system at host|delivery has failed to these recipients|(?:couldn.t|could not|wasn.t|was not) (?:be )?delivered to|address not found|did not reach the following recipient|alamat tidak ditemukan|pesan anda (?:tidak|belum) terkirim|unable to deliver (?:the |your )?message|has been automatically generated to (?:tell|inform) you/i;

const GIVEN_UP =
  /not going to try again|giving up|gave up|given up|permanent(?:ly)? (?:error|fail|fatal)|failed permanently|retry time(?:out)? (?:exceeded|not reached)|too long in the queue|been in the queue too long/i;

const STILL_TRYING =
  /delayed|delay notification|will (?:keep trying|retry|be retried|continue (?:trying|to try))|not yet been delivered|delivery incomplete|warning message only|no action is required|do not need to resend|tertunda|belum terkirim|akan (?:terus )?mencoba/i;

const ENHANCED = /(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?!\.?\d)/;
const REPLY = /(?<![\d.:-])([45]\d\d)(?=[ \-#:])(?![ -]\d{3}\b)/;

/** Below it stands our own mail: its words are not the server's. */
const RETURNED =
  /^(?:---.*(?:copy of (?:the|your) (?:message|original)|original message|message header|unsent message|returned message).*|.*\bMessage-ID[ \t]*:.*)$/im;

/** Undefined where the mail is none: a postmaster writes letters too. */
export function readBounceText(
  root: Part,
  leaves: readonly Part[],
): { outcome: 'failed' | 'delayed'; code?: string } | undefined {
  const subject = root.headers.text('subject') ?? '';
  const text = explanation(leaves);
  if (!SUBJECT.test(subject) && !TEXT.test(text) && !root.headers.has('x-failed-recipients'))
    return undefined;
  const code = ENHANCED.exec(text)?.[1] ?? REPLY.exec(text)?.[1];
  const isTrying = STILL_TRYING.test(subject) || STILL_TRYING.test(text);
  if (isTrying && !GIVEN_UP.test(text) && !code?.startsWith('5')) return { outcome: 'delayed' };
  return { outcome: 'failed', ...(code !== undefined && { code }) };
}

function explanation(leaves: readonly Part[]): string {
  const words = leaves.find((leaf) => leaf.contentType === 'text/plain' || leaf.contentType === 'text/html');
  const text = words?.bytes.subarray(0, MAX_BYTES).toString('latin1') ?? '';
  const returned = RETURNED.exec(text)?.index ?? text.length;
  return text.slice(0, returned);
}
