/** Files that an operator sends along with an answer: what the reporter's channel can carry. Pure. */
import type { ServedChannel } from '../replies/reply-channel.js';

/** The move that carries them. */
export const FILES_GO_WITH = 'respond';
export const FILES_AT_MOST = 10;

export type FileRefusalCode =
  'files_not_taken' | 'no_files' | 'too_many_files' | 'files_too_large' | 'empty_file';

export interface FileRefusal {
  readonly code: FileRefusalCode;
  /** English, for the API. */
  readonly message: string;
}

/** Why these files cannot go along; null where they can. */
export function refusalOfFiles(
  channel: ServedChannel | undefined,
  action: string,
  files: readonly { readonly size: number }[],
): FileRefusal | null {
  if (files.length === 0) return null;
  const limit = channel?.maxAttachmentBytes ?? 0;
  if (action !== FILES_GO_WITH) {
    return { code: 'files_not_taken', message: `Attachments go along with ${FILES_GO_WITH} only.` };
  }
  if (limit === 0) return { code: 'no_files', message: "The reporter's channel carries no attachments." };
  if (files.length > FILES_AT_MOST) {
    return { code: 'too_many_files', message: `At most ${FILES_AT_MOST} attachments go along.` };
  }
  if (files.some(({ size }) => size === 0)) return { code: 'empty_file', message: 'An attachment is empty.' };
  if (files.reduce((sum, { size }) => sum + size, 0) > limit) {
    return { code: 'files_too_large', message: `The channel carries at most ${limit} bytes of attachments.` };
  }
  return null;
}
