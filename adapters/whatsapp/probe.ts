/**
 * Whether the number still knows us and its webhook is subscribed.
 * https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/subscribed_apps
 */
import { ChannelError } from '../../src/core/channel-error.js';
import type { ChannelHealth, Clock } from '../../src/core/channel.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { listIn, textIn } from '../shared/meta/payload.js';
import type { WhatsappSettings } from './settings.js';

const SUBSCRIPTION_EVERY_MS = 55 * 60_000;

const OK: ChannelHealth = { state: 'ok', detail: 'The number answers' };

export interface ProbeParts {
  readonly graph: GraphClient;
  readonly settings: Pick<WhatsappSettings, 'phoneNumberId' | 'businessAccountId'>;
  readonly clock: Clock;
}

/** Each call asks whether the token works; the subscription is asked for once an hour while all is well. */
export function createProbe({
  graph,
  settings,
  clock,
}: ProbeParts): (signal: AbortSignal) => Promise<ChannelHealth> {
  let subscribedUntil = 0;

  async function subscription(account: string, signal: AbortSignal): Promise<ChannelHealth> {
    const { body } = await graph.get(`${account}/subscribed_apps`, {}, signal);
    if (listIn(body, 'data').length > 0) {
      subscribedUntil = clock.now().getTime() + SUBSCRIPTION_EVERY_MS;
      return OK;
    }
    await graph.post(`${account}/subscribed_apps`, {}, signal, 'background');
    const detail =
      'The webhook of the number was not subscribed and has been subscribed again; WhatsApp keeps no list of ' +
      'messages, so look into the app on the telephone, where there is one, for what was missed';
    return { state: 'degraded', detail };
  }

  return async (signal) => {
    try {
      const { body } = await graph.get(settings.phoneNumberId, { fields: 'id,quality_rating' }, signal);
      const account = settings.businessAccountId;
      if (account !== undefined && clock.now().getTime() >= subscribedUntil) {
        const health = await subscription(account, signal);
        if (health.state !== 'ok') return health;
      }
      if (textIn(body, 'quality_rating') !== 'RED') return OK;
      return {
        state: 'degraded',
        detail: 'WhatsApp rates the number RED: people block it; send fewer templates',
      };
    } catch (error) {
      return failureHealth(error);
    }
  };
}

function failureHealth(error: unknown): ChannelHealth {
  if (!(error instanceof ChannelError)) return { state: 'degraded', detail: 'The probe failed unexpectedly' };
  if (error.code === 'config') {
    return { state: 'down', detail: `${error.message}. Replies wait; correct accessToken or the account` };
  }
  if (error.code === 'rejected' || error.code === 'not_permitted') {
    return { state: 'down', detail: `${error.message}. Check phoneNumberId and the permissions of the app` };
  }
  return { state: 'degraded', detail: error.message };
}
