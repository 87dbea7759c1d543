/** Why a reply did not go out or did not arrive, from the code in the outbox to what a person can act on. Pure. */

/** One text each, in `config/messages` below `console.failure`. */
export type FailureKind =
  | 'address_unknown'
  | 'domain_unknown'
  | 'address_moved'
  | 'sender_refused'
  | 'mailbox_disabled'
  | 'mailbox_full'
  | 'too_large'
  | 'mailbox_other'
  | 'server_busy'
  | 'unreachable'
  | 'loop'
  | 'refused_by_policy'
  | 'not_authenticated'
  | 'login_failed'
  | 'content_refused'
  | 'refused'
  | 'connection'
  | 'throttled'
  | 'config'
  | 'bad_response'
  | 'not_permitted'
  | 'opted_out'
  | 'no_address'
  | 'unreadable'
  | 'file_missing'
  | 'unresolved'
  | 'reconciling'
  | 'delivery'
  | 'other';

export interface Failure {
  readonly kind: FailureKind;
  /** The provider's own code, as it is: for whoever looks it up. */
  readonly code: string | null;
}

/**
 * Enhanced status codes of mail, class 5 or 4 (RFC 3463 and the registry of RFC 5248); the subject and detail,
 * or the subject alone for what is not named.
 * https://www.iana.org/assignments/smtp-enhanced-status-codes
 */
const BY_STATUS: Readonly<Record<string, FailureKind>> = {
  '1': 'address_unknown',
  '1.0': 'address_unknown',
  '1.1': 'address_unknown',
  '1.2': 'domain_unknown',
  '1.3': 'address_unknown',
  '1.4': 'address_unknown',
  '1.6': 'address_moved',
  '1.7': 'sender_refused',
  '1.8': 'sender_refused',
  '1.10': 'domain_unknown',
  '2': 'mailbox_other',
  '2.1': 'mailbox_disabled',
  '2.2': 'mailbox_full',
  '2.3': 'too_large',
  '3': 'server_busy',
  '3.4': 'too_large',
  '4': 'unreachable',
  '4.6': 'loop',
  // Exchange Online: looped between its own servers.
  '4.14': 'loop',
  '5': 'content_refused',
  '6': 'content_refused',
  '7': 'refused_by_policy',
  '7.8': 'login_failed',
  '7.9': 'login_failed',
  '7.20': 'not_authenticated',
  '7.21': 'not_authenticated',
  '7.22': 'not_authenticated',
  '7.23': 'not_authenticated',
  '7.24': 'not_authenticated',
  '7.25': 'not_authenticated',
  '7.26': 'not_authenticated',
  '7.27': 'domain_unknown',
  // Exchange Online: this sender is not ours to use.
  '7.60': 'sender_refused',
};

/** SMTP's own replies, where a server says no more (RFC 5321, 4.2.3). */
const BY_REPLY: Readonly<Record<string, FailureKind>> = {
  '535': 'login_failed',
  '550': 'address_unknown',
  '551': 'address_moved',
  '552': 'too_large',
  '553': 'address_unknown',
  '554': 'refused_by_policy',
};

const BY_CODE: Readonly<Record<string, FailureKind>> = {
  connection: 'connection',
  throttled: 'throttled',
  rejected: 'refused',
  config: 'config',
  bad_response: 'bad_response',
  not_permitted: 'not_permitted',
  opted_out: 'opted_out',
  no_address: 'no_address',
  unreadable: 'unreadable',
  fault: 'other',
  duplicate_external_id: 'other',
  unresolved: 'unresolved',
  reconciling: 'reconciling',
};

/** `error` as the outbox holds it: `rejected:5.1.1`, `connection`, or what a delivery report said (`5.2.2`, `30003`). */
export function failureOf(error: string | null): Failure {
  if (error === null || error === '') return { kind: 'delivery', code: null };
  const [, ours, theirs] = /^([a-z_]+)(?::(.*))?$/.exec(error) ?? [undefined, undefined, error];
  const code = theirs === undefined || theirs === '' ? null : theirs;
  if (code === 'file_missing') return { kind: 'file_missing', code: null };
  const known = code === null ? undefined : byMailCode(code, ours);
  if (known !== undefined) return { kind: known, code };
  // A word that is none of ours is the provider's.
  if (ours === undefined) return { kind: 'delivery', code };
  const kind = BY_CODE[ours];
  return kind === undefined ? { kind: 'delivery', code: error } : { kind, code };
}

function byMailCode(code: string, ours: string | undefined): FailureKind | undefined {
  const [, severity, subject, detail] = /(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])/.exec(code) ?? [];
  if (subject !== undefined && detail !== undefined) {
    // "Come again later" (greylisting) is no verdict about us, and nobody has to do anything.
    if (severity === '4' && subject === '7') return 'server_busy';
    return BY_STATUS[`${subject}.${detail}`] ?? BY_STATUS[subject];
  }
  // Three digits are a reply of SMTP only where the message was refused: elsewhere they may be HTTP's.
  return ours === 'rejected' ? BY_REPLY[code] : undefined;
}
