/**
 * Media in two steps: the id gives an address that lasts five minutes, and that address wants our token.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
 */
import { ChannelError } from '../../src/core/channel-error.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { fetchMedia } from '../shared/meta/media.js';
import { textIn } from '../shared/meta/payload.js';

/** Meta's own file servers; nobody else is ever shown the token. */
const META_HOSTS = /(^|\.)(fbsbx\.com|fbcdn\.net|facebook\.com|whatsapp\.net)$/;

export interface MediaAccess {
  readonly graph: GraphClient;
  readonly apiUrl: string;
  readonly accessToken: string;
}

/** Throws ChannelError. */
export async function fetchWhatsappMedia(
  { graph, apiUrl, accessToken }: MediaAccess,
  url: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const mediaId = url.startsWith(`${apiUrl}/`) ? /\/(\d+)$/.exec(url)?.[1] : undefined;
  if (mediaId === undefined) throw blocked('the attachment is not one of WhatsApp');
  const { body } = await graph.get(mediaId, {}, signal);
  const address = textIn(body, 'url');
  if (address === undefined || !URL.canParse(address)) throw blocked('WhatsApp tells no address of the file');
  const { origin, protocol, hostname } = new URL(address);
  const isMeta = protocol === 'https:' && META_HOSTS.test(hostname);
  if (!isMeta && origin !== new URL(apiUrl).origin) throw blocked('the file is not kept by Meta');
  return await fetchMedia(address, { origin, headers: { authorization: `Bearer ${accessToken}` } }, signal);
}

function blocked(words: string): ChannelError {
  return new ChannelError('rejected', words, { retry: 'never' });
}
