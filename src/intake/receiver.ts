/** Which part of an adapter a request to `/webhooks/…` is for. */
import type { ChannelAdapter, WebhookReceiver } from '../core/channel.js';

export interface WebhookTarget {
  readonly channelId: string;
  readonly isStatus: boolean;
}

export const WEBHOOK_PREFIX = '/webhooks/';

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
