/** `tabea replay`: what lies in quarantine, and taking it in after a mend. */
import { UserError } from '../core/errors.js';
import type { HeldFilter } from '../intake/quarantine.js';
import { hint, print, printTable } from './output.js';
import { withIntake } from './with-intake.js';

export interface ReplayOptions {
  readonly list?: boolean;
  readonly all?: boolean;
  readonly channel?: string;
  readonly kind?: string;
  readonly dismiss?: boolean;
}

const KINDS = ['signature', 'unparsable', 'part', 'poison', 'spool'] as const;
const MOST = 10_000;

export async function replay(ids: readonly string[], options: ReplayOptions): Promise<void> {
  const filter = filterOf(ids, options);
  await withIntake(async ({ quarantine, adapters }) => {
    if (options.list === true || (ids.length === 0 && options.all !== true))
      return printHeld(await quarantine.listHeld(filter));
    if (options.dismiss === true) return hint(`${await quarantine.dismiss(ids)} dismissed.`);
    const { items } = await quarantine.replay(filter, (channelId) => adapters.get(channelId));
    for (const item of items) print(`${item.id}  ${item.outcome}  ${item.fresh} new`);
    hint(`${items.filter((item) => item.outcome === 'replayed').length} of ${items.length} replayed.`);
  });
}

function filterOf(ids: readonly string[], options: ReplayOptions): HeldFilter {
  const wrong = ids.find((id) => !/^[0-9a-f-]{36}$/i.test(id));
  if (wrong !== undefined) {
    throw new UserError('bad_id', 'An id of the quarantine looks like 0199…-…-…', {
      remedy: 'See npx tabea replay --list.',
    });
  }
  const kind = KINDS.find((one) => one === options.kind);
  if (options.kind !== undefined && kind === undefined) {
    throw new UserError('bad_kind', 'There is no such kind.', { remedy: `Kinds: ${KINDS.join(', ')}.` });
  }
  if (options.dismiss === true && ids.length === 0) {
    throw new UserError('no_ids', 'Name the ids to dismiss.', { remedy: 'See npx tabea replay --list.' });
  }
  return {
    ...(ids.length === 0 ? {} : { ids }),
    ...(kind === undefined ? {} : { kind }),
    ...(options.channel === undefined ? {} : { channelId: options.channel }),
    limit: MOST,
  };
}

function printHeld(
  rows: readonly {
    id: string;
    channelId: string;
    kind: string;
    reason: string;
    receivedAt: Date;
    size: number;
  }[],
): void {
  if (rows.length === 0) return hint('Nothing is in quarantine.');
  printTable(
    ['ID', 'RECEIVED', 'CHANNEL', 'KIND', 'BYTES', 'REASON'],
    rows.map((row) => [
      row.id,
      row.receivedAt.toISOString(),
      row.channelId,
      row.kind,
      String(row.size),
      row.reason,
    ]),
  );
}
