import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RawReply, RawRequest } from '../../../../src/core/channel.js';
import { GraphClient } from '../../../../adapters/shared/meta/graph.js';
import { readUsage, UsageGate } from '../../../../adapters/shared/meta/usage.js';
import { serve, type Stand } from '../../../support/stand.js';
import { APP_SECRET, errorOf, json, NOW, problem, signal } from './helpers.js';

const TOKEN = 'EAA-a-token-for-tests';

describe('the client', () => {
  let stand: Stand | undefined;
  let graph: GraphClient | undefined;
  afterEach(async () => {
    await graph?.close();
    await stand?.close();
  });

  async function answering(
    answer: (request: RawRequest) => RawReply | undefined | Promise<RawReply | undefined>,
    timeoutMs?: number,
  ): Promise<GraphClient> {
    stand = await serve(answer);
    const clock = { now: () => NOW };
    const options = {
      apiUrl: stand.url,
      apiVersion: 'v26.0',
      accessToken: TOKEN,
      appSecret: APP_SECRET,
      clock,
    };
    graph = new GraphClient({ ...options, ...(timeoutMs !== undefined && { timeoutMs }) });
    return graph;
  }

  test('shows its token in a header only, and proves that it knows the secret', async () => {
    const client = await answering(() => json(200, { id: '1' }));
    await client.get('1/feed', { fields: 'id,message' }, signal());
    const request = stand?.requests[0];
    expect(request?.target).toMatch(/^\/v26\.0\/1\/feed\?fields=id%2Cmessage&appsecret_proof=[0-9a-f]{64}$/);
    expect(request?.headers['authorization']).toBe(`Bearer ${TOKEN}`);
    expect(request?.target).not.toContain(TOKEN);
  });

  test.each<[string, () => RawReply | undefined, object]>([
    ['an error with 200', () => problem(200, 190), { code: 'config', certainty: 'not_sent' }],
    [
      'no JSON',
      () => ({ status: 200, headers: {}, body: '<html>' }),
      { code: 'bad_response', certainty: 'unknown' },
    ],
    ['a list', () => json(200, []), { code: 'bad_response', certainty: 'unknown' }],
    ['broken off', () => undefined, { code: 'connection', certainty: 'unknown' }],
    [
      'a redirect',
      () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' }),
      { code: 'bad_response' },
    ],
  ])('%s is an error that tells nothing secret', async (_name, answer, expected) => {
    const client = await answering(answer);
    const error = await errorOf(client.post('1/messages', { text: 'rahasia' }, signal()));
    expect(error).toMatchObject(expected);
    for (const secret of [TOKEN, APP_SECRET, 'rahasia', 'secret words'])
      expect(inspect(error)).not.toContain(secret);
  });

  test('waits no longer than it is told, and does not know then', async () => {
    const never = new Promise<RawReply>(() => undefined);
    const client = await answering(() => never, 100);
    expect(await errorOf(client.post('1/messages', {}, signal()))).toMatchObject({
      code: 'connection',
      certainty: 'unknown',
    });
  });

  test('goes through a list by its cursors, and dials no address that a list names', async () => {
    const page = (data: number[], after?: string) =>
      json(200, { data, paging: { cursors: { after }, ...(after && { next: 'http://169.254.169.254/' }) } });
    const client = await answering(({ target }) =>
      target.includes('after=two') ? page([3]) : page([1, 2], 'two'),
    );
    const seen: unknown[] = [];
    for await (const items of client.pages('1/feed', {}, signal())) seen.push(...items);
    expect(seen).toEqual([1, 2, 3]);
    expect(stand?.requests).toHaveLength(2);
  });

  test('a list that names the same cursor for ever ends', async () => {
    const client = await answering(() =>
      json(200, { data: [1], paging: { cursors: { after: 'x' }, next: 'y' } }),
    );
    let pages = 0;
    for await (const _ of client.pages('1/feed', {}, signal())) pages++;
    expect(pages).toBe(2);
  });

  test('fault 25: is quiet before Meta makes it so, first in the background, then for all', async () => {
    let used = 85;
    const client = await answering(() => json(200, {}, { 'x-app-usage': `{"call_count":${used}}` }));
    await client.post('1/messages', {}, signal());
    expect(await errorOf(client.get('1/feed', {}, signal()))).toMatchObject({
      code: 'throttled',
      certainty: 'not_sent',
      retry: { afterMs: 60_000 },
    });
    used = 97;
    await client.post('1/messages', {}, signal());
    expect((await errorOf(client.post('1/messages', {}, signal()))).code).toBe('throttled');
    expect(stand?.requests).toHaveLength(2);
  });

  test('an answer that is refused tells how long, where the usage does', async () => {
    const usage = '{"9":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":5}]}';
    const client = await answering(() => ({
      ...problem(400, 80006),
      headers: { 'x-business-use-case-usage': usage },
    }));
    expect((await errorOf(client.post('1/messages', {}, signal()))).retry).toEqual({ afterMs: 300_000 });
  });
});

describe('usage', () => {
  test.each<[Record<string, string>, ReturnType<typeof readUsage>]>([
    [{}, undefined],
    [{ 'x-app-usage': 'rubbish' }, undefined],
    [{ 'x-app-usage': '[]' }, undefined],
    [{ 'x-app-usage': '{"call_count":28,"total_time":25,"total_cputime":31}' }, { percent: 31, regainMs: 0 }],
    [{ 'x-page-usage': '{"call_count":"x"}' }, { percent: 0, regainMs: 0 }],
    [
      {
        'x-app-usage': '{"call_count":1}',
        'x-business-use-case-usage':
          '{"1":[{"type":"pages","call_count":60,"estimated_time_to_regain_access":0}],"2":[{"total_time":70,"estimated_time_to_regain_access":3}]}',
      },
      { percent: 70, regainMs: 180_000 },
    ],
  ])('%j', (values, expected) => {
    expect(readUsage(new Headers(values))).toEqual(expected);
  });

  test('is over when a minute has passed, and when usage falls', () => {
    let now = NOW.getTime();
    const gate = new UsageGate({ now: () => new Date(now) });
    gate.note(new Headers({ 'x-app-usage': '{"call_count":99}' }));
    expect(() => gate.demand('reply')).toThrow('limit');
    now += 60_000;
    gate.demand('reply');
    gate.note(new Headers({ 'x-app-usage': '{"call_count":99}' }));
    gate.note(new Headers({ 'x-app-usage': '{"call_count":9}' }));
    gate.demand('background');
  });
});
