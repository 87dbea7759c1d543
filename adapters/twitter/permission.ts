/** Whom the platform and the city's own rules let us answer in public. Told before an operator writes. */
import type { ReplyPermission, ReplyTarget } from '../../src/core/channel.js';

const SECRET =
  'Laporan ini dirahasiakan, sedangkan balasan di X terbaca oleh semua orang. Gunakan saluran lain untuk menjawab.';
const OPTED_OUT = 'Pelapor telah meminta agar tidak dibalas lagi.';
const NOTHING_TO_ANSWER = 'Tidak ada kiriman pelapor di X yang dapat dibalas.';
const NOT_SUMMONED =
  'X hanya mengizinkan balasan bila pelapor menyebut (@) atau mengutip akun kita dalam kiriman terakhirnya. ' +
  'Kiriman ini tidak menyebut akun kita, jadi gunakan saluran lain untuk menjawab.';
const AUTOMATED =
  'X melarang balasan otomatis kepada orang yang tidak menyebut (@) atau mengutip akun kita. Jawablah sendiri.';
const BUDGET = 'Anggaran balasan X untuk bulan ini sudah habis. Gunakan saluran lain, atau naikkan batasnya.';

export interface Rules {
  /** Enterprise access is exempt from the rule of the summons. */
  readonly enterprise: boolean;
  readonly isBudgetSpent: () => boolean;
}

/** https://docs.x.com/changelog: since 23 February 2026 an answer needs a summons. Anonymous reports may be answered:
 * a reply names nobody, and the adapter adds no name. */
export function permissionOf(target: ReplyTarget, rules: Rules): ReplyPermission {
  if (target.optedOut) return refused(OPTED_OUT);
  if (target.confidentiality === 'secret') return refused(SECRET);
  if (target.lastInbound === undefined) return refused(NOTHING_TO_ANSWER);
  const isSummoned = target.lastInbound.thread?.addressed === true;
  if (!isSummoned && !rules.enterprise) return refused(NOT_SUMMONED);
  // https://help.x.com/en/rules-and-policies/x-automation
  if (!isSummoned && target.automated === true) return refused(AUTOMATED);
  if (rules.isBudgetSpent()) return refused(BUDGET);
  return { allowed: true };
}

function refused(reason: string): ReplyPermission {
  return { allowed: false, reason };
}
