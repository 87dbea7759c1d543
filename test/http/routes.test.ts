/** The golden table of routes: a new address, or another guard before it, shows in review. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { projectRoot } from '../../config/root.js';
import { createApp, listRoutes } from '../../src/http/app.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';

const file = join(projectRoot(), 'test/fixtures/http/routes.txt');

let demo: HttpApp;
beforeAll(async () => {
  demo = await startHttpApp({ deps: { demo: { played: [] } } });
});
afterAll(() => demo.close());

test('the routes and who may call them (after a wanted change: UPDATE_FIXTURES=1)', async () => {
  const table = listRoutes(demo.deps)
    .map(({ method, path, access, body }) => {
      const csrf = body === 'form' || body === 'form-files' ? ' + csrf' : '';
      return `${method.toUpperCase().padEnd(4)} ${path.padEnd(58)} ${access}${csrf}`;
    })
    .sort()
    .join('\n')
    .concat('\n');
  if (process.env['UPDATE_FIXTURES'] === '1') await writeFile(file, table);
  expect(table).toBe(await readFile(file, 'utf8'));
});

test("the router has the table's routes and no other", () => {
  const mounted = createApp(demo.deps).router.stack.flatMap(({ route }) => route?.path ?? []);
  expect(mounted).toEqual(listRoutes(demo.deps).map(({ path }) => path));
});

describe('every route is guarded as its entry says', () => {
  const sample = (path: string) =>
    path
      .replace('*rest', 'rest')
      .replace(/:(\w+)/g, (_, name: string) => (name === 'trackingNumber' ? '5724161383' : 'x'));

  test('without a key, a session or a token nothing opens', async () => {
    for (const { method, path, access, body } of listRoutes(demo.deps)) {
      if (method === 'all') continue;
      const answer = await fetch(demo.url + sample(path), {
        method: method.toUpperCase(),
        redirect: 'manual',
        headers: { accept: 'application/json', 'x-forwarded-for': '203.0.113.9' },
        ...(method === 'post' ? { body: new URLSearchParams({ x: 'y' }) } : {}),
      });
      await answer.body?.cancel();
      const wanted = { key: 401, ops: 401, session: 303, visitor: 403, public: 0, provider: 0 }[access];
      const guarded = access !== 'visitor' || body === 'form' || body === 'form-files';
      if (wanted > 0 && guarded) expect([path, answer.status]).toEqual([path, wanted]);
    }
  });

  test('every form of a page carries a CSRF token', () => {
    for (const { method, path, access, body } of listRoutes(demo.deps)) {
      if (method === 'post' && (access === 'session' || access === 'visitor'))
        expect([path, body]).toEqual([path, expect.stringMatching(/^form(-files)?$/)]);
    }
  });
});

test('outside the demo the simulator does not exist', async () => {
  const { demo: _absent, ...deps } = demo.deps;
  expect(listRoutes(deps).filter(({ path }) => path.startsWith('/simulator'))).toEqual([]);
  const real = await startHttpApp();
  try {
    for (const path of ['/simulator', '/simulator/events', '/simulator/x/y']) {
      expect((await fetch(real.url + path)).status).toBe(404);
    }
  } finally {
    await real.close();
  }
});
