/** A request as it came, put together again from what the store keeps of it. */
import type { RawRequest } from '../core/channel.js';
import type { Queryable } from '../db/database.js';
import type { BlobStore } from './blobs.js';
import type { HeldKind } from './entry.js';
import { BLOB_HEADER, ENVELOPE_HEADER } from './held-row.js';

/** A row of the quarantine with its content. */
export interface HeldRecord {
  readonly id: string;
  readonly channelId: string;
  readonly kind: HeldKind;
  readonly receivedAt: Date;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
  readonly inboxId: string | null;
}

/** The whole request behind a held row: from its envelope where the row is a part, from the blob store where it is large. */
export async function loadRequest(client: Queryable, blobs: BlobStore, row: HeldRecord): Promise<RawRequest> {
  const { [ENVELOPE_HEADER]: envelopeId, [BLOB_HEADER]: blob, ...headers } = row.headers;
  const { method, target, receivedAt } = row;
  const whole =
    typeof envelopeId === 'string' ? await loadEnvelopeBody(client, blobs, envelopeId) : undefined;
  const body = whole ?? (typeof blob === 'string' ? await loadBlob(blobs, blob) : row.body);
  return { method, target, receivedAt, headers, body };
}

async function loadEnvelopeBody(
  client: Queryable,
  blobs: BlobStore,
  id: string,
): Promise<Buffer | undefined> {
  const result = await client.query<{ body: Buffer | null; blob: string | null }>(
    'SELECT body, body_blob AS blob FROM envelope WHERE id = $1',
    [id],
  );
  const [row] = result.rows;
  if (row === undefined) return undefined;
  return row.blob === null ? (row.body ?? undefined) : loadBlob(blobs, row.blob);
}

async function loadBlob(blobs: BlobStore, hash: string): Promise<Buffer> {
  const bytes = await blobs.get(hash);
  if (bytes === undefined) throw new Error('The blob of a held request is gone');
  return bytes;
}
