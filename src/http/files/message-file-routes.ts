/** What came with a message, for console and API: its files, its raw form, and its HTML in a frame of its own. */
import type { Request, Response } from 'express';
import {
  findAttachment,
  findHtml,
  findRaw,
  type MessageFile,
  type MessagePlace,
  type RawMessage,
} from '../../cases/message-files.js';
import { namelessFile } from '../../cases/nameless-file.js';
import { notFound, Problem } from '../problem.js';
import { frameOf } from '../web/page.js';
import type { Access, Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { principalOf } from '../web/visit.js';
import { pictureType } from './content-kind.js';
import { cleanMailHtml, contentIdsIn, LONGEST_HTML, mailDocument } from './mail-html.js';
import { isOneMessage, rawFile } from './raw-message.js';
import { demandClean } from './scan.js';
import { sendFile } from './send-file.js';

/** Pictures that a mail shows in its text are put into the page; larger ones are to be opened by themselves. */
const INLINE_BYTES = { each: 2_000_000, together: 8_000_000 };

export function messageFileRoutes(shared: Shared): readonly Route[] {
  const attachment = async (request: Request, response: Response) => {
    const place = placeOf(request);
    const index = indexOf(request);
    const file = await findAttachment(shared.cases, place, index, principalOf(request));
    if (file?.blob === undefined) throw notFound('There is no such file that you may see.');
    const bytes = await blobOf(shared, file.blob);
    const { name, contentType } = file.veiled ? veiledPicture(index, bytes) : file;
    await demandClean(shared, bytes, { messageId: place.messageId, index });
    sendFile(response, { name, contentType, bytes });
  };

  const raw = async (request: Request, response: Response) => {
    const place = placeOf(request);
    const found = await findRaw(shared.cases, place, principalOf(request));
    if (found === null) throw notFound('There is no such message that you may see.');
    if (found === 'hidden') throw identityProtected();
    const bytes = found.body ?? (await blobOf(shared, found.bodyBlob ?? ''));
    demandOwn(shared, found, bytes, request);
    await demandClean(shared, bytes, { messageId: place.messageId, part: 'raw' });
    sendFile(response, { ...rawFile(found, place, bytes), bytes, saveOnly: true });
  };

  const html = async (request: Request, response: Response) => {
    const place = placeOf(request);
    const found = await findHtml(shared.cases, place, principalOf(request));
    if (found === null) throw notFound('There is no such message that you may see.');
    if (found === 'hidden') throw identityProtected();
    const source = (await blobOf(shared, found.blob)).subarray(0, 4 * LONGEST_HTML).toString();
    const outsidePictures = request.query['images'] === '1';
    const { say, language } = frameOf(request, frameBase(shared));
    const body = cleanMailHtml(source, {
      outsidePictures,
      inline: await inlinePictures(shared, source, found.files, place),
      pictureWord: say('file.picture'),
    });
    response
      .set({
        'content-security-policy': framePolicy(outsidePictures),
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'cache-control': 'private, no-store',
      })
      .type('html')
      .send(mailDocument(body, language, say('file.html')));
  };

  const message = '/cases/:trackingNumber/messages/:messageId';
  const get = (
    access: Access,
    path: string,
    handle: Route['handle'],
    query: readonly string[] = [],
  ): Route => ({
    method: 'get',
    path,
    access,
    query,
    handle,
  });
  return [
    get('key', `/api/v1${message}/attachments/:index`, attachment),
    get('key', `/api/v1${message}/raw`, raw),
    get('session', `/console${message}/attachments/:index`, attachment),
    get('session', `/console${message}/raw`, raw),
    get('session', `/console${message}/html`, html, ['images']),
  ];
}

function placeOf({ params }: Request): MessagePlace {
  return { trackingNumber: String(params['trackingNumber']), messageId: String(params['messageId']) };
}

function indexOf({ params }: Request): number {
  const text = String(params['index']);
  return /^\d{1,4}$/.test(text) ? Number(text) : -1;
}

async function blobOf({ getBlob }: Shared, hash: string): Promise<Buffer> {
  const bytes = await getBlob(hash);
  if (bytes === undefined) {
    throw new Problem(404, {
      code: 'file-gone',
      detail: 'The bytes of this file are no longer in the store.',
    });
  }
  return bytes;
}

/** A request that held several messages holds other people's too: only who may reveal identities opens it. */
function demandOwn(shared: Shared, found: RawMessage, bytes: Buffer, request: Request): void {
  if (principalOf(request).role === 'supervisor') return;
  if (!isOneMessage(shared.adapters.get(found.channelId), found, bytes)) throw identityProtected();
}

/** Throws for what is no picture by its own bytes: letters are signed, and documents carry their author's name. */
function veiledPicture(index: number, bytes: Buffer): ReturnType<typeof namelessFile> {
  const type = pictureType(bytes);
  if (type !== null) return namelessFile(index, type);
  throw new Problem(403, {
    code: 'identity-in-file',
    detail:
      'This file may hold an identity that you may not see; only pictures are handed out. Ask a super admin: of a ' +
      'secret case the city’s own desk opens it, of an anonymous one nobody.',
  });
}

function identityProtected(): Problem {
  return new Problem(403, {
    code: 'identity-protected',
    detail: 'This form of the message holds an identity that you may not see.',
  });
}

/** What is infected, or has no verdict, is left out; the text can be read all the same. */
async function inlinePictures(
  shared: Shared,
  html: string,
  files: readonly MessageFile[],
  { messageId }: MessagePlace,
): Promise<Map<string, string>> {
  const wanted = contentIdsIn(html);
  const pictures = new Map<string, string>();
  let left = INLINE_BYTES.together;
  for (const { contentId, blob } of files) {
    if (contentId === undefined || blob === undefined || !wanted.has(contentId)) continue;
    const bytes = await shared.getBlob(blob);
    const type = bytes === undefined ? null : pictureType(bytes);
    if (bytes === undefined || type === null || bytes.length > Math.min(INLINE_BYTES.each, left)) continue;
    const isClean = await demandClean(shared, bytes, { messageId, part: 'inline' }).then(
      () => true,
      () => false,
    );
    if (!isClean) continue;
    left -= bytes.length;
    pictures.set(contentId, `data:${type};base64,${bytes.toString('base64')}`);
  }
  return pictures;
}

/** Nothing runs and nothing is fetched; links leave the sandbox in a tab of their own. */
function framePolicy(outsidePictures: boolean): string {
  return [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    outsidePictures ? 'img-src https: data:' : 'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}
