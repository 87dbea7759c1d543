/**
 * Whether the page still knows us. A webhook that fails for an hour is unsubscribed by Meta without a word, so
 * the subscription is looked at and renewed.
 * https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
 * https://developers.facebook.com/docs/graph-api/reference/debug_token
 */
import { ChannelError } from '../../src/core/channel-error.js';
import type { ChannelHealth, Clock } from '../../src/core/channel.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { idIn, listIn, numberIn, objectIn } from '../shared/meta/payload.js';
import type { FacebookSettings } from './settings.js';

/** Without these nothing comes in. */
const NEEDED_FIELDS = [
  'messages',
  'messaging_postbacks',
  'message_echoes',
  'message_deliveries',
  'feed',
] as const;
/** Asked for at a renewal; Meta may not grant all of them to every page. */
const WANTED_FIELDS = [...NEEDED_FIELDS, 'message_reads', 'message_edits', 'standby'] as const;
/** https://developers.facebook.com/docs/permissions */
const NEEDED_SCOPES = [
  'pages_messaging',
  'pages_manage_metadata',
  'pages_read_engagement',
  'pages_read_user_content',
  'pages_manage_engagement',
] as const;

const THOROUGH_EVERY_MS = 55 * 60_000;
const WARN_BEFORE_MS = 7 * 24 * 60 * 60_000;

const OK: ChannelHealth = { state: 'ok', detail: 'The page answers and its webhook is subscribed' };

export interface ProbeParts {
  readonly graph: GraphClient;
  readonly settings: Pick<FacebookSettings, 'pageId' | 'pageAccessToken' | 'pollSeconds'>;
  readonly clock: Clock;
}

/** Each call asks whether the token works; the rest is asked once an hour while all is well. */
export function createProbe(parts: ProbeParts): (signal: AbortSignal) => Promise<ChannelHealth> {
  let wellUntil = 0;
  return async (signal) => {
    const { graph, settings, clock } = parts;
    try {
      await graph.get(settings.pageId, { fields: 'id' }, signal);
      if (clock.now().getTime() < wellUntil) return OK;
      const health = await thoroughly(parts, signal);
      wellUntil = health.state === 'ok' ? clock.now().getTime() + THOROUGH_EVERY_MS : 0;
      return health;
    } catch (error) {
      return failureHealth(error);
    }
  };
}

async function thoroughly(parts: ProbeParts, signal: AbortSignal): Promise<ChannelHealth> {
  const { graph, settings } = parts;
  const token = await tokenFacts(parts, signal);
  const { body } = await graph.get(
    `${settings.pageId}/subscribed_apps`,
    { fields: 'id,subscribed_fields' },
    signal,
  );
  const fields = subscribedFields(listIn(body, 'data'), token.appId);
  const missing = NEEDED_FIELDS.filter((field) => !fields.has(field));
  if (missing.length > 0) return await renew(parts, new Set([...fields, ...WANTED_FIELDS]), signal);
  return token.warning === undefined ? OK : { state: 'degraded', detail: token.warning };
}

/** POST replaces what was subscribed before, so the old fields are named again. */
async function renew(
  { graph, settings }: ProbeParts,
  fields: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ChannelHealth> {
  const body = { subscribed_fields: [...fields].join(',') };
  await graph.post(`${settings.pageId}/subscribed_apps`, body, signal, 'background');
  const minutes = Math.ceil(settings.pollSeconds / 60);
  return {
    state: 'degraded',
    detail:
      'The webhook of the page was not subscribed and has been subscribed again; ' +
      `what was missed is fetched within ${minutes} min`,
  };
}

interface TokenFacts {
  readonly appId: string | undefined;
  readonly warning: string | undefined;
}

/** Best effort: whether a token may look at itself is Meta's affair, and no reason for an alarm. */
async function tokenFacts({ graph, settings, clock }: ProbeParts, signal: AbortSignal): Promise<TokenFacts> {
  try {
    const query = { input_token: settings.pageAccessToken };
    const { body } = await graph.get('debug_token', query, signal);
    const data = objectIn(body, 'data');
    return { appId: idIn(data, 'app_id'), warning: warningOf(data, clock.now()) };
  } catch {
    return { appId: undefined, warning: undefined };
  }
}

function warningOf(data: unknown, now: Date): string | undefined {
  const ends = [numberIn(data, 'expires_at'), numberIn(data, 'data_access_expires_at')]
    .filter((seconds) => seconds !== undefined && seconds > 0)
    .map((seconds) => (seconds ?? 0) * 1000);
  const end = Math.min(...ends);
  if (end - now.getTime() < WARN_BEFORE_MS) {
    const day = new Date(end).toISOString().slice(0, 10);
    return `The page's access token ends on ${day}: issue one of a system user, which does not end`;
  }
  const scopes = listIn(data, 'scopes');
  const missing = scopes.length === 0 ? [] : NEEDED_SCOPES.filter((scope) => !scopes.includes(scope));
  return missing.length === 0
    ? undefined
    : `The access token lacks ${missing.join(', ')}: issue it with them`;
}

/** Of our app, where we know which it is; otherwise of all that are subscribed. */
function subscribedFields(apps: readonly unknown[], appId: string | undefined): ReadonlySet<string> {
  const ours = appId === undefined ? apps : apps.filter((app) => idIn(app, 'id') === appId);
  const names = ours.flatMap((app) => listIn(app, 'subscribed_fields'));
  return new Set(names.filter((name) => typeof name === 'string'));
}

function failureHealth(error: unknown): ChannelHealth {
  if (!(error instanceof ChannelError)) return { state: 'degraded', detail: 'The probe failed unexpectedly' };
  switch (error.code) {
    case 'config':
      return {
        state: 'down',
        detail: `${error.message}. Replies wait; issue a new token of the page and set pageAccessToken`,
      };
    case 'not_permitted':
    case 'rejected':
      return { state: 'down', detail: `${error.message}. Check pageId and the permissions of the app` };
    case 'throttled':
      return { state: 'degraded', detail: `${error.message}. There is nothing to do` };
    default:
      return { state: 'degraded', detail: error.message };
  }
}
