/** What comes with a message or comment: files become references, everything else a line of text. */
import type { AttachmentRef } from '../../src/core/message.js';
import { listIn, numberIn, objectIn, textIn } from '../shared/meta/payload.js';

/** A message has a handful; one that says more is not followed for ever. */
const MAX_FILES = 50;

/** Meta declares kinds, not content types; what the file really is shows when it is fetched. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  audio: 'audio/mp4',
  file: 'application/octet-stream',
};

export interface Enclosed {
  readonly attachments: readonly AttachmentRef[];
  /** Lines to add to the text: places, shared links. */
  readonly notes: readonly string[];
}

/** https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages#attachments */
export function enclosedInMessage(message: unknown): Enclosed {
  const attachments: AttachmentRef[] = [];
  const notes: string[] = [];
  for (const [index, one] of listIn(message, 'attachments').slice(0, MAX_FILES).entries()) {
    const type = textIn(one, 'type') ?? 'unknown';
    const payload = objectIn(one, 'payload');
    const url = textIn(payload, 'url') ?? textIn(one, 'url');
    const contentType = CONTENT_TYPES[type];
    if (contentType !== undefined && url !== undefined)
      attachments.push(fileRef(url, contentType, type, index));
    else notes.push(noteOf(type, one, payload, url));
  }
  return { attachments, notes };
}

function noteOf(type: string, one: unknown, payload: unknown, url: string | undefined): string {
  const place = objectIn(payload, 'coordinates');
  const [latitude, longitude] = [numberIn(place, 'lat'), numberIn(place, 'long')];
  if (latitude !== undefined && longitude !== undefined) return `[Lokasi: ${latitude}, ${longitude}]`;
  const title = textIn(one, 'title') ?? textIn(payload, 'title');
  const words = [title, url].filter((part) => part !== undefined && part !== '').join(' ');
  return words === '' ? `[Lampiran jenis ${type.slice(0, 40)}]` : `[Tautan: ${words}]`;
}

/**
 * The same, as Graph lists it in a conversation.
 * https://developers.facebook.com/docs/graph-api/reference/message/attachments
 */
export function enclosedInHistory(message: unknown): Enclosed {
  const attachments: AttachmentRef[] = [];
  for (const [index, one] of listIn(objectIn(message, 'attachments'), 'data').slice(0, MAX_FILES).entries()) {
    const url =
      textIn(objectIn(one, 'image_data'), 'url') ??
      textIn(objectIn(one, 'video_data'), 'url') ??
      textIn(one, 'file_url');
    const contentType = textIn(one, 'mime_type') ?? 'application/octet-stream';
    if (url !== undefined) {
      const named = textIn(one, 'name');
      const ref = fileRef(url, contentType, 'file', index);
      attachments.push(named === undefined ? ref : { ...ref, name: named });
    }
  }
  return { attachments, notes: [] };
}

/** https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed */
export function enclosedInChange(value: unknown): Enclosed {
  const photos = [
    textIn(value, 'photo'),
    ...listIn(value, 'photos').map((one) => (typeof one === 'string' ? one : undefined)),
  ];
  const links = [textIn(value, 'link')].filter((url) => url !== undefined);
  const images = [...new Set(photos.filter((url) => url !== undefined))].slice(0, MAX_FILES);
  const video = textIn(value, 'video');
  return {
    attachments: [
      ...images.map((url, index) => fileRef(url, 'image/jpeg', 'image', index)),
      ...(video === undefined ? [] : [fileRef(video, 'video/mp4', 'video', images.length)]),
    ],
    // A photograph's or video's own page is no news.
    notes: images.length === 0 && video === undefined ? links.map((url) => `[Tautan: ${url}]`) : [],
  };
}

/** The same, as Graph lists it: https://developers.facebook.com/docs/graph-api/reference/comment/ `attachment`. */
export function enclosedInComment(comment: unknown): Enclosed {
  const attachment = objectIn(comment, 'attachment');
  const source = textIn(objectIn(objectIn(attachment, 'media'), 'image'), 'src');
  if (source !== undefined) return { attachments: [fileRef(source, 'image/jpeg', 'image', 0)], notes: [] };
  const url = textIn(attachment, 'url');
  return { attachments: [], notes: url === undefined ? [] : [`[Tautan: ${url}]`] };
}

/** Text as it was written, with a line for each note. */
export function withNotes(text: string, notes: readonly string[]): string {
  return [...(text === '' ? [] : [text]), ...notes].join('\n');
}

/** Meta names no file: the path of the address does, or the kind. */
function fileRef(url: string, contentType: string, type: string, index: number): AttachmentRef {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  const last = path.slice(path.lastIndexOf('/') + 1);
  const name = /^[\w.-]{1,100}\.\w{1,5}$/.test(last) ? last : `${type}-${index + 1}`;
  return { name, contentType, url };
}
