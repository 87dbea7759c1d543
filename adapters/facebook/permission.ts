/**
 * What Meta lets us say, when, and to whom; told before anybody writes.
 * Messenger: https://developers.facebook.com/docs/messenger-platform/policy/policy-overview
 * Private replies: https://developers.facebook.com/docs/messenger-platform/discovery/private-replies
 */
import type { ReplyPermission, ReplyTarget } from '../../src/core/channel.js';
import { isMessengerId, PSID_SCHEME, USER_SCHEME } from './ids.js';
import type { FacebookSettings } from './settings.js';

const HOUR_MS = 3_600_000;
/** RESPONSE: since the person's last message. */
export const RESPONSE_WINDOW_MS = 24 * HOUR_MS;
/** MESSAGE_TAG HUMAN_AGENT, and private replies: since the last message, since the comment. */
export const LONG_WINDOW_MS = 7 * 24 * HOUR_MS;

const OPTED_OUT = 'Warga telah meminta agar tidak dikirimi pesan lagi.';
const ELSEWHERE = 'Jawablah lewat kanal lain (telepon, SMS, e-mail), atau tunggu sampai warga menulis lagi.';
const NEVER_WROTE =
  'Warga belum pernah menulis lewat Messenger. Facebook tidak mengizinkan halaman menulis lebih dahulu.';
const AUTOMATIC_LATE =
  'Pesan otomatis hanya boleh dikirim dalam 24 jam sejak pesan terakhir warga di Messenger.';
const DAY_OVER = `Sudah lebih dari 24 jam sejak pesan terakhir warga di Messenger. Facebook tidak mengizinkan balasan lagi. ${ELSEWHERE}`;
const WEEK_OVER = `Sudah lebih dari 7 hari sejak pesan terakhir warga di Messenger. Facebook tidak mengizinkan balasan lagi. ${ELSEWHERE}`;
const NO_COMMENT = 'Komentar yang hendak dibalas tidak diketahui.';
const PRIVATE_LATE =
  'Laporan ini tidak dijawab di kolom komentar yang dapat dibaca umum, dan balasan pribadi hanya boleh dikirim ' +
  `dalam 7 hari sejak komentar ditulis. ${ELSEWHERE}`;
const PRIVATE_ONCE =
  'Facebook mengizinkan hanya satu balasan pribadi untuk setiap komentar. Balasan itu disimpan untuk jawaban petugas.';
const UNKNOWN_ADDRESS = 'Alamat ini bukan alamat Facebook.';

type Rules = Pick<FacebookSettings, 'commentReply' | 'humanAgent'>;

export function facebookPermission(rules: Rules, target: ReplyTarget, now: Date): ReplyPermission {
  if (target.optedOut) return no(OPTED_OUT);
  if (target.address.scheme === PSID_SCHEME) return messengerPermission(rules, target, now);
  if (target.address.scheme === USER_SCHEME) return commentPermission(rules, target, now);
  return no(UNKNOWN_ADDRESS);
}

function messengerPermission(rules: Rules, target: ReplyTarget, now: Date): ReplyPermission {
  const { lastInbound, automated = false } = target;
  if (!lastInbound) return no(NEVER_WROTE);
  const isLong = rules.humanAgent && !automated;
  const until = after(lastInbound.at, isLong ? LONG_WINDOW_MS : RESPONSE_WINDOW_MS);
  if (now < until) return { allowed: true, until };
  if (isLong) return no(WEEK_OVER);
  return no(automated ? AUTOMATIC_LATE : DAY_OVER);
}

function commentPermission(rules: Rules, target: ReplyTarget, now: Date): ReplyPermission {
  const { lastInbound, automated = false } = target;
  if (!lastInbound || isMessengerId(lastInbound.externalId)) return no(NO_COMMENT);
  if (!isPrivate(rules, target.confidentiality)) return { allowed: true };
  if (automated) return no(PRIVATE_ONCE);
  const until = after(lastInbound.at, LONG_WINDOW_MS);
  return now < until ? { allowed: true, until } : no(PRIVATE_LATE);
}

/**
 * Whether a comment is answered in Messenger instead of under the post. What is not known to be public is
 * private: an answer can be repeated, but not unsaid.
 */
export function isPrivate(
  rules: Pick<FacebookSettings, 'commentReply'>,
  confidentiality: ReplyTarget['confidentiality'] | undefined,
): boolean {
  return rules.commentReply === 'private' || confidentiality !== 'public';
}

function after(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

function no(reason: string): ReplyPermission {
  return { allowed: false, reason };
}
