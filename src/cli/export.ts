/** `tabea export`: cases as JSON lines, without identities. */
import { print } from './output.js';
import { readDate } from './period.js';
import { withStore } from './with-store.js';

export interface ExportOptions {
  readonly from?: string;
  readonly to?: string;
}

const PAGE = 1_000;

interface ExportedCase {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** Oldest first. Neither the reporter nor the words of a secret case are in it. */
export async function exportCases(options: ExportOptions): Promise<void> {
  const from = options.from === undefined ? null : readDate(options.from);
  const to = options.to === undefined ? null : readDate(options.to);
  await withStore(async ({ store }) => {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const { rows } = await store.database.pool.query<ExportedCase>(
        `SELECT id, tracking_number AS "trackingNumber", type, status, channel_id AS "channelId", confidentiality,
                CASE WHEN confidentiality = 'public' THEN text END AS text,
                opd_id AS opd, CASE WHEN confidentiality = 'public' THEN place END AS place,
                created_at AS "createdAt", due_at AS "dueAt"
         FROM cases
         WHERE id > $1 AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::timestamptz IS NULL OR created_at < $3)
         ORDER BY id LIMIT ${PAGE}`,
        [after, from, to],
      );
      for (const { id: _internal, ...row } of rows) print(JSON.stringify(row));
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = last.id;
    }
  });
}
