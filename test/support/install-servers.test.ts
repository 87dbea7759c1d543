/** How `npm test` installs what it needs: `apt-get` is played, since the real one would change the machine. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from '@jest/globals';
import { until } from '../queue/support.js';
import { startProcess } from './process.js';
import { newFolder } from './run-folder.js';

const MODULE = pathToFileURL(join(import.meta.dirname, 'install-servers.mjs')).href;
let folder: string;
let policy: string;

/** Notes each call, and what the policy says at that time; `bad` cannot be had; `slow` takes a while. */
const APT_GET = `#!/bin/sh
policy=none
[ -x "$POLICY" ] && { "$POLICY"; policy=$?; }
echo "$* policy=$policy offline=$SYSTEMD_OFFLINE" >> "$CALLS"
case "$*" in
  *bad) exit 100 ;;
  *slow) sleep 2 ;;
esac
`;

beforeEach(() => {
  folder = newFolder('install');
  policy = join(folder, 'policy-rc.d');
  writeFileSync(join(folder, 'apt-get'), APT_GET);
  chmodSync(join(folder, 'apt-get'), 0o755);
});

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');

function install(groups: readonly (readonly string[])[], policyFile = policy) {
  const given = [groups, folder, { aptGet: join(folder, 'apt-get'), policyFile }];
  const script = `const { installServers } = await import(${JSON.stringify(MODULE)});
    await installServers(...${JSON.stringify(given)});`;
  const { NODE_OPTIONS: _jest, ...environment } = process.env;
  return startProcess(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...environment, POLICY: policyFile, CALLS: join(folder, 'calls') },
  });
}

const HOW = 'install -y -qq --no-remove --no-install-recommends';

test('removes nothing, lets no service begin, and what cannot be had does not hold up the rest', async () => {
  expect(await install([['bad'], ['one', 'two'], ['three']]).ended).toBe(0);
  expect(calls()).toEqual([
    'update -qq policy=101 offline=1',
    `${HOW} bad policy=101 offline=1`,
    `${HOW} one two policy=101 offline=1`,
    `${HOW} three policy=101 offline=1`,
  ]);
  expect(existsSync(policy)).toBe(false);
});

test("somebody's own policy stays as it is", async () => {
  const own = '#!/bin/sh\nexit 104\n';
  writeFileSync(policy, own);
  chmodSync(policy, 0o755);
  expect(await install([['one']]).ended).toBe(0);
  expect(calls()).toContain(`${HOW} one policy=104 offline=1`);
  expect(readFileSync(policy, 'utf8')).toBe(own);
});

test('where services cannot be forbidden, nothing is installed', async () => {
  expect(await install([['one']], join(folder, 'absent', 'policy-rc.d')).ended).toBe(0);
  expect(existsSync(join(folder, 'calls'))).toBe(false);
});

test('told to stop, it ends what it has begun, and leaves no policy behind', async () => {
  const running = install([['slow'], ['never']]);
  await until(() => existsSync(join(folder, 'calls')) && calls().length === 2);
  running.child.kill('SIGTERM');
  expect(await running.ended).toBe('SIGTERM');
  expect(calls().at(-1)).toBe(`${HOW} slow policy=101 offline=1`);
  expect(existsSync(policy)).toBe(false);
  // The next run takes away what one that was killed outright has left.
  writeFileSync(policy, '# Put here by "npm test" of Tabea while it installs packages; may be removed.\n');
  expect(await install([['one']]).ended).toBe(0);
  expect(existsSync(policy)).toBe(false);
});
