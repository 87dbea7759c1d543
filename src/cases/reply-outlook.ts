/** Whether an answer could reach the reporter, so that nobody writes one for nothing. Told again when it is sent. */
import type { ChannelAdapter, ReplyTarget } from '../core/channel.js';
import type { ThreadRef } from '../core/message.js';
import { replyTarget } from '../core/reply-target.js';
import { visibleCases, type Viewer } from './policy.js';
import type { CaseServices } from './services.js';
import { VaultError } from './vault.js';

/** As in `error` of a reply that was not sent. */
export const REPLY_OBSTACLES = ['opted_out', 'no_address', 'unreadable', 'not_permitted'] as const;
export type ReplyObstacle = (typeof REPLY_OBSTACLES)[number];

export type ReplyOutlook =
  /** `until`: the channel closes then; null: it stays open. */
  | { readonly allowed: true; readonly until: Date | null }
  /** `detail`: the channel's own words for people, where it has any. */
  | { readonly allowed: false; readonly obstacle: ReplyObstacle; readonly detail: string | null };

interface Row {
  readonly key: Buffer | null;
  readonly reporter_id: string | null;
  readonly wrapped_key: Buffer | null;
  readonly scheme: string | null;
  readonly address: Buffer | null;
  readonly opted_out: boolean;
  readonly confidentiality: ReplyTarget['confidentiality'];
  readonly last_id: string | null;
  readonly last_thread: ThreadRef | null;
  readonly last_at: Date | null;
}

const OPEN: ReplyOutlook = { allowed: true, until: null };

/**
 * Null where the viewer may not see the case.
 * @param adapter of the channel of the case; who has none, or cannot send, lets a person convey the answer.
 */
export async function replyOutlook(
  services: CaseServices,
  adapter: Pick<ChannelAdapter, 'send' | 'canReply'> | undefined,
  trackingNumber: string,
  viewer: Viewer,
): Promise<ReplyOutlook | null> {
  const visible = visibleCases(viewer, 2);
  const { rows } = await services.database.pool.query<Row>(
    `SELECT k.key, k.reporter_id, r.wrapped_key, k.scheme, k.address, k.opted_out_at IS NOT NULL AS opted_out,
       c.confidentiality, l.external_id AS last_id, l.thread AS last_thread, l.received_at AS last_at
     FROM cases c LEFT JOIN contact k ON k.key = c.contact_key LEFT JOIN reporter r ON r.id = k.reporter_id
       LEFT JOIN LATERAL (
         SELECT x.external_id, x.thread, x.received_at FROM message x
         WHERE x.case_id = c.id AND x.channel_id = c.channel_id ORDER BY x.id DESC LIMIT 1) l ON true
     WHERE c.tracking_number = $1 AND ${visible.sql}`,
    [trackingNumber, ...visible.values],
  );
  const [row] = rows;
  if (!row) return null;
  return adapter?.send === undefined ? OPEN : outlookOf(services, adapter, row);
}

function outlookOf(
  services: CaseServices,
  adapter: Pick<ChannelAdapter, 'canReply'>,
  row: Row,
): ReplyOutlook {
  if (row.opted_out) return obstacle('opted_out');
  let address: ReplyTarget['address'] | null;
  try {
    address = addressOf(services, row);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return obstacle('unreadable');
  }
  if (address === null) return obstacle('no_address');
  const permission = adapter.canReply?.(targetOf(row, address), services.clock.now()) ?? { allowed: true };
  if (!permission.allowed) return obstacle('not_permitted', permission.reason);
  return { allowed: true, until: permission.until ?? null };
}

function obstacle(code: ReplyObstacle, detail: string | null = null): ReplyOutlook {
  return { allowed: false, obstacle: code, detail };
}

function addressOf({ vault }: CaseServices, row: Row): ReplyTarget['address'] | null {
  const { key, reporter_id: reporterId, wrapped_key: wrapped, scheme, address } = row;
  if (key === null || reporterId === null || wrapped === null || scheme === null || address === null)
    return null;
  return { scheme, ...vault.openAddress(vault.unwrapKey(reporterId, wrapped), key, address) };
}

function targetOf(row: Row, address: ReplyTarget['address']): ReplyTarget {
  const { last_id: externalId, last_at: at, last_thread: thread } = row;
  return replyTarget({
    address,
    optedOut: row.opted_out,
    confidentiality: row.confidentiality,
    lastInbound: externalId === null || at === null ? null : { externalId, at, thread },
  });
}
