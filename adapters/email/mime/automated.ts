/**
 * Whether a machine wrote a mail: RFC 3834 and what vendors have instead. Such mail is stored and flagged and
 * never answered, so a doubt costs a citizen his acknowledgement: every rule here names a machine's own mark.
 * `Feedback-ID` is none: mail services put it on the forms too that a city sends in a citizen's name.
 */
import { LOOP_HEADER } from '../message-ids.js';
import type { MailHeaders } from './headers.js';

/** Present at all, with whatever value. */
const MARKS = [
  LOOP_HEADER,
  'x-autoreply',
  'x-auto-reply',
  'x-autorespond',
  'x-autoresponder',
  'x-mail-autoreply',
  'x-failed-recipients',
  'list-id',
  'list-unsubscribe',
  'list-post',
];

/** RFC 2076, 3.9, and Precedence as vacation(1) and its heirs know it. */
const PRECEDENCES = new Set(['bulk', 'list', 'junk', 'auto_reply', 'auto-reply']);

/** Subjects that Exchange, Outlook and Gmail give to absence notes of accounts without any header of them. */
const ABSENCE =
  /^\s*(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office|balasan otomatis|jawaban otomatis|autoreply)\b\s*[:\-–—]/i;

const MAIL_SERVER = /^(?:mailer-daemon|postmaster|bounces?|mail-?daemon)(?:[+=._-].*)?$/;

const ROBOT_LOCAL_PART =
  /^(?:mailer-daemon|postmaster|bounces?|mail-?daemon)(?:[+=._-].*)?$|(?:^|[+._-])(?:no|do[-_.]?not)[-_.]?(?:reply|respond)(?:$|[+._-])|(?:^|[+._-])(?:jangan|tidak)[-_.]?(?:dibalas|balas)(?:$|[+._-])/;

/** @param sender normalised address; undefined where there is none. */
export function isAutomated(headers: MailHeaders, sender: string | undefined): boolean {
  return (
    isAutoSubmitted(headers.first('auto-submitted')) ||
    headers.all('precedence').some((value) => PRECEDENCES.has(value.trim().toLowerCase())) ||
    headers.all('x-auto-response-suppress').some((value) => !/^(?:none)?$/i.test(value.trim())) ||
    MARKS.some((name) => headers.has(name)) ||
    isNullSender(headers.first('return-path')) ||
    ABSENCE.test(headers.text('subject') ?? '') ||
    (sender !== undefined && isRobot(sender))
  );
}

/** Addresses behind which nobody reads. */
export function isRobot(address: string): boolean {
  return ROBOT_LOCAL_PART.test(address.slice(0, address.lastIndexOf('@')));
}

/** A mail server itself, not what else is not read: `noreply@` sends notes of absence too. */
export function isMailServer(address: string): boolean {
  return MAIL_SERVER.test(address.slice(0, address.lastIndexOf('@')));
}

/** RFC 3834, 5: it answers a mail that was delivered. Servers that report in prose do not say so. */
export function isAutoReply(headers: MailHeaders): boolean {
  return keywordOf(headers.first('auto-submitted')) === 'auto-replied';
}

/** `<>`: RFC 5321, 4.5.5. */
export function isNullSender(returnPath: string | undefined): boolean {
  return returnPath !== undefined && /^<\s*>$/.test(returnPath.trim());
}

/** RFC 3834, 5: everything but `no`; parameters and comments may follow. */
function isAutoSubmitted(value: string | undefined): boolean {
  const keyword = keywordOf(value);
  return keyword !== '' && keyword !== 'no';
}

function keywordOf(value: string | undefined): string {
  return value?.split(/[;(\s]/, 1)[0]?.toLowerCase() ?? '';
}
