import type { ReplyPermission, ReplyTarget } from '../../src/core/channel.js';
import { isAddress } from './addresses.js';
import { isRobot } from './mime/automated.js';

const OPTED_OUT = 'Penerima telah meminta agar tidak dikirimi e-mail lagi.';
const NO_MAIL = 'Penerima tidak mempunyai alamat e-mail, sehingga tidak dapat dibalas lewat e-mail.';
const INVALID = 'Alamat e-mail pengirim tidak sah, sehingga tidak dapat dibalas.';
const NOBODY = 'Alamat pengirim tidak menerima balasan (no-reply atau sistem otomatis).';

/** Told before an operator writes, and asked again before anything is sent. */
export function mailPermission({ address, optedOut }: ReplyTarget): ReplyPermission {
  if (optedOut) return { allowed: false, reason: OPTED_OUT };
  if (address.scheme !== 'mailto') return { allowed: false, reason: NO_MAIL };
  if (!isAddress(address.value)) return { allowed: false, reason: INVALID };
  if (isRobot(address.value.toLowerCase())) return { allowed: false, reason: NOBODY };
  return { allowed: true };
}
