/** The files of a mail, within bounds. What lies beyond stays in the raw mail, which is kept, and is named. */
import type { LeftPart } from '../../../src/core/channel.js';
import { safeFileName } from '../../../src/core/file-name.js';
import { namelessFile, safeContentType } from './file-names.js';
import type { MailLimits } from './limits.js';
import type { Part } from './parts.js';

export interface MailFile {
  /** Safe as a file name. */
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Where the HTML names it (`cid:`). */
  readonly contentId?: string;
}

export interface MailFiles {
  readonly files: readonly MailFile[];
  readonly left: readonly LeftPart[];
}

/** Names in one entry of what was left out; a mail may hold a thousand. */
const MAX_NAMED = 50;

export function pickFiles(parts: readonly Part[], limits: MailLimits): MailFiles {
  const files: MailFile[] = [];
  const tooLarge: string[] = [];
  const tooMany: string[] = [];
  let total = 0;
  for (const part of parts) {
    const contentType = safeContentType(part.contentType);
    const number = files.length + tooLarge.length + tooMany.length + 1;
    const name = safeFileName(part.fileName ?? '', namelessFile(contentType, number));
    const size = part.bytes.length;
    if (files.length >= limits.maxFiles) tooMany.push(name);
    else if (size > limits.maxFileBytes || total + size > limits.maxFilesBytes) tooLarge.push(name);
    else {
      total += size;
      const contentId = contentIdOf(part);
      files.push({ name, contentType, bytes: part.bytes, ...(contentId !== undefined && { contentId }) });
    }
  }
  return {
    files,
    left: [...leftOut('attachment_too_large', tooLarge), ...leftOut('too_many_attachments', tooMany)],
  };
}

/** RFC 2392: what stands in angle brackets; rubbish names nothing. */
function contentIdOf({ headers }: Part): string | undefined {
  return /^\s*<([^<>\s]{1,200})>\s*$/.exec(headers.first('content-id') ?? '')?.[1];
}

function leftOut(code: string, names: readonly string[]): LeftPart[] {
  if (names.length === 0) return [];
  const part = names.slice(0, MAX_NAMED).join('\n');
  return [{ part, reason: `${code}: ${names.length} of its files are only in the raw mail` }];
}
