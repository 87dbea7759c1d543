/** Takes in what an operator sends along with an answer: fit for the channel, judged by the scanner, stored. */
import { demandFilesFit, MoveRefused } from '../../cases/moves.js';
import type { CaseView } from '../../cases/views.js';
import { safeFileName } from '../../core/file-name.js';
import type { OutboxFile } from '../../replies/outbox.js';
import type { GivenFile, GivenFiles } from '../web/form-files.js';
import type { Shared } from '../web/shared.js';
import { demandClean } from './scan.js';

/** Throws MoveRefused where the channel cannot carry them, Problem where the scanner does not let them pass. */
export async function takeFiles(
  shared: Shared,
  { channelId }: Pick<CaseView, 'channelId'>,
  action: string,
  { files, tooLarge, tooMany }: GivenFiles,
): Promise<OutboxFile[]> {
  const sizes = files.map(({ bytes }) => ({ size: bytes.length }));
  demandFilesFit(shared.cases, channelId, action, tooLarge ? [{ size: Number.MAX_SAFE_INTEGER }] : sizes);
  if (tooMany) throw new MoveRefused('too_many_files', 'Too many attachments.', 'attachments');
  const taken: OutboxFile[] = [];
  // All are judged before one is stored.
  for (const { bytes } of files) await demandClean(shared, bytes, { part: 'answer' });
  for (const { name, contentType, bytes } of files) {
    taken.push({
      name: safeFileName(name),
      contentType: plainType(contentType),
      size: bytes.length,
      blob: await shared.putBlob(bytes),
    });
  }
  return taken;
}

/** As the contract hands attachments in. */
export function fromBase64(
  given: readonly { readonly name: string; readonly contentType: string; readonly base64: string }[],
): GivenFiles {
  const files: GivenFile[] = given.map(({ name, contentType, base64 }) => ({
    name,
    contentType,
    bytes: Buffer.from(base64, 'base64'),
  }));
  return { files, tooLarge: false, tooMany: false };
}

/** It goes into a header of the mail. */
function plainType(contentType: string): string {
  return /^[a-z]+\/[\w.+-]{1,100}(?=;|\s|$)/i.exec(contentType)?.[0] ?? 'application/octet-stream';
}
