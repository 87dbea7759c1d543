/** Messages with pictures, whose provider is a stand-in behind a real server and the SMS adapter. */
import { randomBytes } from 'node:crypto';
import { ingestBatch } from '../../src/cases/ingest.js';
import type { MediaServices } from '../../src/cases/fetch-attachments.js';
import type { StoredAttachment } from '../../src/cases/waiting-media.js';
import type { ChannelAdapter, RawReply, RawRequest } from '../../src/core/channel.js';
import type { AttachmentRef } from '../../src/core/message.js';
import { createFolderBlobs, type BlobStore } from '../../src/intake/blobs.js';
import { adapterFor } from '../adapters/sms/helpers.js';
import { newFolder } from '../support/run-folder.js';
import { serve, type Stand } from '../support/stand.js';
import { ANI, openCaseStore, sms, type CaseStore } from './support.js';

export type Answer = RawReply | undefined;

export interface MediaBench {
  readonly store: CaseStore;
  readonly services: MediaServices;
  readonly blobs: BlobStore;
  readonly stand: Stand;
  /** What the provider answers at a path (undefined: it breaks off); elsewhere 404. */
  readonly files: Map<string, (request: RawRequest) => Answer | Promise<Answer>>;
  /** A message with pictures at these paths, taken in; resolves with its id. */
  receive(...paths: readonly string[]): Promise<string>;
  row(id: string): Promise<MediaRow>;
  /** How often a path was asked for. */
  asked(path: string): number;
  close(): Promise<void>;
}

export interface MediaRow {
  readonly attachments: readonly StoredAttachment[] | null;
  readonly media_due: Date | null;
}

export const file = (body: string | Buffer): RawReply => ({ status: 200, headers: {}, body });
export const status = (code: number): RawReply => ({ status: code, headers: {}, body: '' });

export async function openMediaBench(): Promise<MediaBench> {
  const store = await openCaseStore();
  const files: MediaBench['files'] = new Map();
  const stand = await serve((request) => {
    const answer = files.get(request.target);
    return answer ? answer(request) : status(404);
  });
  const blobs = createFolderBlobs(newFolder('blobs'));
  const adapters = new Map<string, ChannelAdapter>([['sms-1708', adapterFor(stand.url)]]);
  const { database, logger } = store.services;
  const attachment = (path: string): AttachmentRef => ({
    name: `${path.slice(1)}.jpeg`,
    contentType: 'image/jpeg',
    url: path.startsWith('/') ? stand.url + path : path,
  });
  return {
    store,
    services: { database, blobs, adapters, clock: store.services.clock, logger, random: () => 0 },
    blobs,
    stand,
    files,
    receive: async (...paths) => {
      const message = sms(ANI, `foto ${randomBytes(4).toString('hex')}`, 0, {
        attachments: paths.map(attachment),
      });
      const ids = await store.arrive(message);
      await ingestBatch(store.services, ids);
      if (ids[0] === undefined) throw new Error('the message was not taken in');
      return ids[0];
    },
    row: async (id) => {
      const [row] = await store.rows<MediaRow>('SELECT attachments, media_due FROM message WHERE id = $1', [
        id,
      ]);
      if (!row) throw new Error('no such message');
      return row;
    },
    asked: (path) => stand.requests.filter(({ target }) => target === path).length,
    close: async () => {
      for (const adapter of adapters.values()) await adapter.close?.();
      await stand.close();
      await store.drop();
    },
  };
}
