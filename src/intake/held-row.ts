/** What goes into quarantine: whole requests, parts, files, each with an id that keeps repetitions out. */
import { createHash } from 'node:crypto';
import { idText, newIdBytes } from '../core/ids.js';
import type { LeftPart, RawRequest } from '../core/channel.js';
import type { EnvelopeRow, HeldKind, HeldRow } from './entry.js';
import { PULL_METHOD } from './receiver.js';
import { storableJson, storableText } from './storable.js';

/** Header of a held row that names the envelope, respectively the blob, where the whole body lies. */
export const ENVELOPE_HEADER = 'tabea-envelope';
export const BLOB_HEADER = 'tabea-blob';

const LARGEST_TORN = 1024 * 1024;

/** A whole request for the quarantine. The same request held twice is one row, but for bad signatures. */
export function holdRequest(
  channelId: string,
  kind: HeldKind,
  reason: string,
  request: RawRequest,
  bodyBlob: string | null,
): HeldRow {
  const id = kind === 'signature' ? newIdBytes() : contentId(kind, channelId, placeOf(request), request.body);
  const headers = keptHeaders(request, bodyBlob === null ? undefined : [BLOB_HEADER, bodyBlob]);
  const body = bodyBlob === null ? request.body : Buffer.alloc(0);
  return heldRow({ id, channelId, kind, reason, request, headers, body });
}

/** A part of a request that the adapter rejected; it names the envelope that holds the whole. */
export function holdPart(
  channelId: string,
  request: RawRequest,
  envelopeId: Uint8Array,
  part: LeftPart,
): HeldRow {
  const body = Buffer.from(part.part);
  // Two mails of which nothing could be read leave the same part: what tells them apart is the whole.
  const place = request.method === PULL_METHOD ? idText(envelopeId) : request.target;
  const id = contentId('part', channelId, place, body);
  const headers = keptHeaders(request, [ENVELOPE_HEADER, idText(envelopeId)]);
  return heldRow({ id, channelId, kind: 'part', reason: part.reason, request, headers, body });
}

function heldRow(given: {
  readonly id: Uint8Array;
  readonly channelId: string;
  readonly kind: HeldKind;
  readonly reason: string;
  readonly request: RawRequest;
  readonly headers: string;
  readonly body: Buffer;
}): HeldRow {
  const { request, ...row } = given;
  return {
    ...row,
    reason: storableText(given.reason).slice(0, 500),
    receivedAt: request.receivedAt.getTime(),
    method: request.method,
    target: storableText(request.target),
    size: given.body.length + given.headers.length + request.target.length,
  };
}

/**
 * The headers that parsing and verifying may read: what the body is, and the provider's own (`x-…`).
 * Credentials (Authorization, Cookie) and what proxies add are not kept. Those of a pulled item are its adapter's own.
 */
export function keptHeaders(request: RawRequest, added?: readonly [string, string]): string {
  const kept: Record<string, string | readonly string[]> = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    if (value === undefined || !(request.method === PULL_METHOD || isKept(name))) continue;
    kept[name] = value;
  }
  if (added !== undefined) kept[added[0]] = added[1];
  return storableJson(kept);
}

function isKept(name: string): boolean {
  if (name.startsWith('x-')) return !name.startsWith('x-forwarded-') && name !== 'x-real-ip';
  return name === 'content-type' || name.endsWith('-signature') || name.endsWith('-token');
}

/** Where equal content is the same: an address of ours; nowhere for a pulled item, as a mailbox renumbers and moves. */
export function placeOf({ method, target }: Pick<RawRequest, 'method' | 'target'>): string {
  return method === PULL_METHOD ? '' : target;
}

/** A UUID (version 8) from what is kept: equal for equal content. */
export function contentId(kind: string, channelId: string, target: string, body: Buffer): Uint8Array {
  const hash = createHash('sha256').update(`${kind}\0${channelId}\0${target}\0`).update(body).digest();
  const id = new Uint8Array(hash.subarray(0, 16));
  id[6] = 0x80 | ((id[6] ?? 0) & 0x0f);
  id[8] = 0x80 | ((id[8] ?? 0) & 0x3f);
  return id;
}

/** The request of an envelope, one event of which PostgreSQL refuses. */
export function poisonRow(envelope: EnvelopeRow, reason: string): HeldRow {
  const body = envelope.body ?? Buffer.alloc(0);
  const blob = envelope.bodyBlob;
  const headers =
    blob === null ? envelope.headers : JSON.stringify({ ...asObject(envelope.headers), [BLOB_HEADER]: blob });
  return {
    id: contentId('poison', envelope.channelId, placeOf(envelope), blob === null ? body : Buffer.from(blob)),
    channelId: envelope.channelId,
    kind: 'poison',
    reason,
    receivedAt: envelope.receivedAt,
    method: envelope.method,
    target: envelope.target,
    headers,
    body,
    size: body.length + headers.length + envelope.target.length,
  };
}

/** The last resort for a row that PostgreSQL refuses: its body alone, which as bytes it cannot refuse. */
export function strippedRow(row: HeldRow, reason: string): HeldRow {
  return { ...row, reason, method: '', target: '', headers: '{}', channelId: row.channelId.slice(0, 200) };
}

/** A file of the spool that cannot be read, as far as it goes into a row. */
export function tornRow(name: string, reason: string, file: Buffer, receivedAt: Date): HeldRow {
  const body = file.length > LARGEST_TORN ? Buffer.alloc(0) : file;
  const channelId = '-';
  return {
    id: contentId('spool', channelId, name, body),
    channelId,
    kind: 'spool',
    reason: `torn_spool_file: ${reason}; kept as spool/torn/${name}`,
    receivedAt: receivedAt.getTime(),
    method: '',
    target: '',
    headers: '{}',
    body,
    size: file.length,
  };
}

function asObject(json: string): object {
  const value: object = JSON.parse(json);
  return value;
}
