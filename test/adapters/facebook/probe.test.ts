import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, RawReply, RawRequest } from '../../../src/core/channel.js';
import { serve, type Stand } from '../../support/stand.js';
import { DAY_MS, json, NOW, problem, signal, written } from '../shared/meta/helpers.js';
import { adapterFor, PAGE, TOKEN } from './helpers.js';

describe('the probe', () => {
  let stand: Stand | undefined;
  let adapter: ChannelAdapter | undefined;
  afterEach(async () => {
    await adapter?.close?.();
    await stand?.close();
  });

  const fields = ['messages', 'messaging_postbacks', 'message_echoes', 'message_deliveries', 'feed'];
  const scopes = [
    'pages_messaging',
    'pages_manage_metadata',
    'pages_read_engagement',
    'pages_read_user_content',
    'pages_manage_engagement',
  ];
  interface World {
    readonly apps?: object[];
    readonly token?: object | RawReply;
    readonly page?: RawReply;
  }

  async function probe(
    { apps = [{ id: '7', subscribed_fields: fields }], token = {}, page }: World,
    times = 1,
  ) {
    const answer = (request: RawRequest): RawReply => {
      if (request.target.includes('/debug_token')) {
        return 'status' in token
          ? token
          : json(200, { data: { app_id: '7', expires_at: 0, scopes, ...token } });
      }
      if (request.method === 'POST') return json(200, { success: true });
      if (request.target.includes('/subscribed_apps')) return json(200, { data: apps });
      return page ?? json(200, { id: PAGE });
    };
    stand = await serve(answer);
    adapter = adapterFor(stand.url);
    let health;
    for (let i = 0; i < times; i++) health = await adapter.probe?.(signal());
    return health;
  }
  const seconds = (ms: number) => Math.floor((NOW.getTime() + ms) / 1000);

  test('all is well, and only the token is asked for the next hour', async () => {
    expect(await probe({}, 3)).toMatchObject({ state: 'ok' });
    expect(stand?.requests).toHaveLength(5);
  });

  test.each<[string, object[]]>([
    ['gone', []],
    ["another app's", [{ id: '8', subscribed_fields: fields }]],
    ['without comments', [{ id: '7', subscribed_fields: fields.slice(0, 4) }]],
  ])('a subscription that is %s is renewed and told of', async (_name, apps) => {
    const health = await probe({ apps });
    expect(health).toMatchObject({ state: 'degraded', detail: expect.stringContaining('subscribed again') });
    const [renewal] = written(stand?.requests ?? []);
    expect(renewal?.path).toBe(`/v26.0/${PAGE}/subscribed_apps`);
    expect(JSON.stringify(renewal?.body)).toContain('messages');
    expect(JSON.stringify(renewal?.body)).toContain('feed');
  });

  test.each<[string, World, string, string]>([
    ['a dead token', { page: problem(401, 190) }, 'down', 'issue a new'],
    ['a wrong page', { page: problem(400, 100, 33) }, 'down', 'pageId'],
    ['a missing permission', { page: problem(403, 200) }, 'down', 'permissions'],
    ['a limit', { page: problem(400, 4) }, 'degraded', 'nothing to do'],
    ['a fault of Meta', { page: problem(500, 2) }, 'degraded', 'unavailable'],
    [
      'a token that ends in three days',
      { token: { expires_at: seconds(3 * DAY_MS) } },
      'degraded',
      '2026-11-26',
    ],
    ['a token without a scope', { token: { scopes: scopes.slice(1) } }, 'degraded', 'pages_messaging'],
  ])('%s', async (_name, world, state, words) => {
    const health = await probe(world);
    expect(health).toMatchObject({ state, detail: expect.stringContaining(words) });
    expect(health?.detail).not.toContain(TOKEN);
  });

  test('a token that may not look at itself is no alarm', async () => {
    expect(await probe({ token: problem(400, 100) })).toMatchObject({ state: 'ok' });
  });
});
