/**
 * What a message of WhatsApp says: its words, and the files that come with it. What cannot be shown becomes a
 * line of text, so that nobody waits for an answer to something that we did not see.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components#messages-object
 */
import type { AttachmentRef } from '../../src/core/message.js';
import { idIn, listIn, numberIn, objectIn, textIn } from '../shared/meta/payload.js';

const MAX_CONTACTS = 20;

export interface Content {
  readonly text: string;
  readonly attachments: readonly AttachmentRef[];
}

/** Where the Cloud API answers for a media id. */
export type MediaUrl = (mediaId: string) => string;

const MEDIA: Readonly<Record<string, string>> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  audio: 'audio/ogg',
  voice: 'audio/ogg',
  document: 'application/octet-stream',
  sticker: 'image/webp',
};

/** Undefined where the message lacks what its type promises. */
export function contentOf(message: unknown, mediaUrl: MediaUrl): Content | undefined {
  const type = textIn(message, 'type') ?? '';
  const part = objectIn(message, type);
  const fallbackType = MEDIA[type];
  if (fallbackType !== undefined) return mediaContent(part, type, fallbackType, mediaUrl);
  switch (type) {
    case 'text':
      return words(textIn(part, 'body'));
    case 'button':
      return words(textIn(part, 'text') ?? textIn(part, 'payload'));
    case 'interactive':
      return words(interactiveTitle(part));
    case 'location':
      return words(place(part));
    case 'contacts':
      return words(cards(listIn(message, 'contacts')));
    case 'unsupported':
    case 'unknown':
      return words(
        '[WhatsApp tidak dapat meneruskan pesan ini. Mintalah warga mengirimnya dalam bentuk lain.]',
      );
    default:
      return words(`[Pesan WhatsApp jenis "${type.slice(0, 40)}", belum dapat ditampilkan]`);
  }
}

function words(text: string | undefined): Content | undefined {
  return text === undefined ? undefined : { text, attachments: [] };
}

function mediaContent(
  part: unknown,
  type: string,
  fallbackType: string,
  mediaUrl: MediaUrl,
): Content | undefined {
  const id = idIn(part, 'id');
  if (id === undefined) return undefined;
  const contentType = textIn(part, 'mime_type') ?? fallbackType;
  const extension = /^[a-z]+\/([a-z0-9]{1,8})\b/i.exec(contentType)?.[1]?.toLowerCase();
  const name = textIn(part, 'filename') ?? (extension === undefined ? type : `${type}.${extension}`);
  return { text: textIn(part, 'caption') ?? '', attachments: [{ name, contentType, url: mediaUrl(id) }] };
}

function interactiveTitle(part: unknown): string | undefined {
  for (const kind of ['button_reply', 'list_reply', 'nfm_reply']) {
    const reply = objectIn(part, kind);
    const title = textIn(reply, 'title') ?? textIn(reply, 'body');
    if (title !== undefined) return title;
  }
  return undefined;
}

function place(part: unknown): string | undefined {
  const [latitude, longitude] = [numberIn(part, 'latitude'), numberIn(part, 'longitude')];
  if (latitude === undefined || longitude === undefined) return undefined;
  const named = [textIn(part, 'name'), textIn(part, 'address')].filter(
    (one) => one !== undefined && one !== '',
  );
  return `[Lokasi: ${[`${latitude}, ${longitude}`, ...named].join('; ')}]`;
}

function cards(contacts: readonly unknown[]): string | undefined {
  if (contacts.length === 0) return undefined;
  return contacts
    .slice(0, MAX_CONTACTS)
    .map((one) => {
      const phones = listIn(one, 'phones').flatMap((phone) => textIn(phone, 'phone') ?? []);
      return `[Kontak: ${[textIn(objectIn(one, 'name'), 'formatted_name') ?? '', ...phones].join(' ').trim()}]`;
    })
    .join('\n');
}
