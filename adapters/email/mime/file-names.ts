/** Names and types of a mail's files, as far as they are peculiar to mail. */
import libmime from 'libmime';

const MAX_EXTENSION = 16;

/** For a file without a usable name; `number` counts the files of the mail from 1. */
export function namelessFile(contentType: string, number: number): string {
  return `${kindOf(contentType)}-${number}.${extensionOf(contentType)}`;
}

/** The declared type where it looks like one. */
export function safeContentType(contentType: string): string {
  return /^[a-z0-9!#$&^_.+-]{1,60}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(contentType)
    ? contentType
    : 'application/octet-stream';
}

function kindOf(contentType: string): string {
  if (contentType.startsWith('image/')) return 'gambar';
  return contentType === 'message/rfc822' ? 'pesan' : 'lampiran';
}

function extensionOf(contentType: string): string {
  if (contentType === 'message/rfc822') return 'eml';
  return libmime.detectExtension(contentType).toLowerCase().slice(0, MAX_EXTENSION) || 'bin';
}
