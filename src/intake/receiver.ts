/** Which part of an adapter a request is for: one to `/webhooks/…`, or what a source pulled. */
import type { ChannelAdapter, Parsed, PutBlob, RawRequest, WebhookReceiver } from '../core/channel.js';

export interface WebhookTarget {
  readonly channelId: string;
  readonly isStatus: boolean;
}

export const WEBHOOK_PREFIX = '/webhooks/';

/** Method of what a source pulled. No server of ours lets it through as a method of HTTP. */
export const PULL_METHOD = 'PULL';

/** `/webhooks/{channelId}` or `/webhooks/{channelId}/status`, any query; undefined for everything else. */
export function webhookTarget(target: string): WebhookTarget | undefined {
  if (!target.startsWith(WEBHOOK_PREFIX)) return undefined;
  const query = target.indexOf('?');
  const path = target.slice(WEBHOOK_PREFIX.length, query < 0 ? undefined : query);
  const slash = path.indexOf('/');
  if (slash < 0) return { channelId: path, isStatus: false };
  return path.slice(slash) === '/status' ? { channelId: path.slice(0, slash), isStatus: true } : undefined;
}

/** The receiver of a request with that target; undefined where the adapter has none. */
export function receiverFor(adapter: ChannelAdapter, target: string): WebhookReceiver | undefined {
  const aim = webhookTarget(target);
  if (aim === undefined) return undefined;
  return aim.isStatus ? adapter.statusWebhook : adapter.webhook;
}

/** Reads a stored request again; undefined where the adapter has nobody for it. The reading throws UnparsableError. */
export function parserFor(
  adapter: ChannelAdapter,
  request: Pick<RawRequest, 'method' | 'target'>,
  putBlob: PutBlob,
): ((request: RawRequest) => Parsed | Promise<Parsed>) | undefined {
  const { pull } = adapter;
  if (request.method === PULL_METHOD) return pull && ((pulled) => pull.parse(pulled, putBlob));
  const receiver = receiverFor(adapter, request.target);
  return receiver && ((posted) => receiver.parse(posted));
}
