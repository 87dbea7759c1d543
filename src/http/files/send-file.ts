/** Sends a stranger's file so that it can harm nobody who only looks at it. */
import { create as contentDisposition } from 'content-disposition';
import type { Response } from 'express';
import { safeFileName } from '../../core/file-name.js';
import { shownType } from './content-kind.js';

export interface FileToSend {
  readonly name: string;
  /** As its sender declares it; not believed. */
  readonly contentType: string;
  readonly bytes: Buffer;
  /** True: never shown by the browser, whatever it is. */
  readonly saveOnly?: boolean;
}

/** Should a browser take it for a document after all, that document is nobody's and may do nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

export function sendFile(response: Response, { name, contentType, bytes, saveOnly }: FileToSend): void {
  const shown = saveOnly === true ? null : shownType(bytes, contentType);
  response
    .status(200)
    .set({
      'content-type': shown ?? savedType(contentType),
      'content-disposition': contentDisposition(safeFileName(name), {
        type: shown === null ? 'attachment' : 'inline',
      }),
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      // Asked for again each time, so that today's signatures judge it again.
      'cache-control': 'private, no-cache',
    })
    .send(bytes);
}

/** A type that helps to choose a program, but none that a browser would run if it forgot the disposition. */
function savedType(declared: string): string {
  const [type = ''] = declared.toLowerCase().split(';', 1);
  const isHarmless =
    /^(?:application\/(?:pdf|zip|msword|rtf|vnd\.[\w.+-]+)|audio\/[\w.+-]+|video\/[\w.+-]+)$/;
  const isKnown = isHarmless.test(type.trim()) || type.trim() === 'message/rfc822';
  return isKnown ? type.trim() : 'application/octet-stream';
}
