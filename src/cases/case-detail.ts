/** What belongs to one case. Ask the policy first. */
import type { EventData } from '../core/case-event.js';
import type { OutboxState } from '../core/delivery-state.js';
import { toLocalIso } from '../core/working-time.js';
import { namelessFile } from './nameless-file.js';
import type { Mask } from './mask.js';
import type { CaseServices } from './services.js';
import type { CaseView, EventView, MessageView } from './views.js';

interface MessageRow {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly channel_id: string;
  readonly external_id: string | null;
  readonly subject: string | null;
  readonly text: string;
  readonly quoted: string | null;
  readonly html: boolean;
  readonly attachments:
    readonly { name: string; contentType: string; size?: number; state?: string }[] | null;
  readonly automated: boolean;
  readonly delivery: OutboxState | null;
  readonly error: string | null;
  readonly at: Date;
  readonly purpose: string | null;
  readonly withdrawn_at: Date | null;
}

/** What a viewer is shown of the reporter in what belongs to a case. */
export interface Veil {
  /** He may see him; without that, quoted history, HTML, names of files and ids made by the sender are withheld. */
  readonly named: boolean;
  /** For every text that anybody wrote. */
  readonly mask: Mask;
}

/** What came in and what went out, in the order of time. */
export async function messagesOf(
  services: CaseServices,
  caseId: string,
  { named, mask }: Veil,
): Promise<MessageView[]> {
  const { rows } = await services.database.pool.query<MessageRow>({
    name: 'case-messages',
    text: `SELECT id, 'in' AS direction, channel_id, external_id, subject, text, quoted, html IS NOT NULL AS html,
             attachments, automated, NULL AS delivery, NULL AS error, received_at AS at, NULL AS purpose, withdrawn_at
           FROM message WHERE case_id = $1
           UNION ALL
           SELECT id, 'out', channel_id, external_id, subject, text, NULL, false,
             attachments, automated, state, error, created_at, purpose, NULL
           FROM outbox WHERE case_id = $1
           ORDER BY at, id`,
    values: [caseId],
  });
  const { calendar } = services.rules;
  return rows.map((row) => ({
    id: row.id,
    direction: row.direction,
    channelId: row.channel_id,
    // A mail's id ends in the host of its sender, or in his own domain.
    externalId: named || row.direction === 'out' ? row.external_id : null,
    subject: row.subject === null ? null : mask(row.subject),
    text: mask(row.text),
    quoted: named ? row.quoted : null,
    html: named && row.html,
    withheld: !named && (row.html || (row.quoted ?? '').trim() !== ''),
    // Where the provider keeps the bytes is nobody's business outside.
    attachments: (row.attachments ?? []).map(({ name, contentType, size, state }, index) => ({
      ...(named || row.direction === 'out'
        ? { name: mask(name), contentType }
        : namelessFile(index, contentType)),
      size: size ?? null,
      state: state ?? 'stored',
    })),
    automated: row.automated,
    delivery: row.delivery,
    error: row.error,
    at: toLocalIso(row.at, calendar),
    purpose: row.purpose,
    withdrawnAt: row.withdrawn_at === null ? null : toLocalIso(row.withdrawn_at, calendar),
  }));
}

interface EventRow {
  readonly seq: number;
  readonly kind: string;
  readonly actor: string;
  readonly at: Date;
  readonly data: EventData;
  readonly hash: Buffer;
}

export async function eventsOf(services: CaseServices, caseId: string): Promise<EventView[]> {
  const { rows } = await services.database.pool.query<EventRow>({
    name: 'case-events',
    text: 'SELECT seq, kind, actor, at, data, hash FROM case_event WHERE case_id = $1 ORDER BY seq',
    values: [caseId],
  });
  return rows.map(({ seq, kind, actor, at, data, hash }) => ({
    seq,
    kind,
    actor,
    at: toLocalIso(at, services.rules.calendar),
    data,
    hash: hash.toString('hex'),
  }));
}

export async function notesOf(
  services: CaseServices,
  caseId: string,
  { mask }: Pick<Veil, 'mask'>,
): Promise<CaseView['notes']> {
  const { rows } = await services.database.pool.query<{
    id: string;
    author: string;
    text: string;
    created_at: Date;
  }>({
    name: 'case-notes',
    text: 'SELECT id, author, text, created_at FROM note WHERE case_id = $1 ORDER BY id',
    values: [caseId],
  });
  return rows.map(({ id, author, text, created_at: at }) => ({
    id,
    author,
    text: mask(text),
    at: toLocalIso(at, services.rules.calendar),
  }));
}
