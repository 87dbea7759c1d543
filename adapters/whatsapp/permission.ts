/**
 * What WhatsApp lets us say, and when.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages#customer-service-windows
 */
import type { ReplyPermission, ReplyTarget } from '../../src/core/channel.js';

export const WINDOW_MS = 24 * 60 * 60_000;

const OPTED_OUT = 'Warga telah meminta agar tidak dikirimi pesan lagi.';
const ELSEWHERE =
  'Jawablah lewat kanal lain (telepon, SMS, e-mail), atau daftarkan templat pesan di WhatsApp Manager.';
const NEVER_WROTE = `Warga belum pernah menulis lewat WhatsApp, dan tidak ada templat pesan yang disetujui. ${ELSEWHERE}`;
const DAY_OVER = `Sudah lebih dari 24 jam sejak pesan terakhir warga di WhatsApp, dan tidak ada templat pesan yang disetujui. ${ELSEWHERE}`;

export function whatsappPermission(hasTemplate: boolean, target: ReplyTarget, now: Date): ReplyPermission {
  if (target.optedOut) return { allowed: false, reason: OPTED_OUT };
  // A template may go out at any time.
  if (hasTemplate) return { allowed: true };
  const { lastInbound } = target;
  if (!lastInbound) return { allowed: false, reason: NEVER_WROTE };
  const until = new Date(lastInbound.at.getTime() + WINDOW_MS);
  return now < until ? { allowed: true, until } : { allowed: false, reason: DAY_OVER };
}
