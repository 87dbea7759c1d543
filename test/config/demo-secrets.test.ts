import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoSecretMaker, keepDemoSecrets } from '../../config/demo-secrets.js';
import { UserError } from '../../src/core/errors.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabea-secrets-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('what was made once is kept, what is new is added', () => {
  const dataDir = join(folder, 'new', 'data');
  expect(keepDemoSecrets(dataDir, { A: () => 'a1' })).toEqual({ A: 'a1' });
  expect(keepDemoSecrets(dataDir, { A: () => 'a2', B: () => 'b1' })).toEqual({ A: 'a1', B: 'b1' });
  expect(keepDemoSecrets(dataDir, { B: () => 'b2' })).toEqual({ B: 'b1' });
  expect(JSON.parse(readFileSync(join(dataDir, 'demo-secrets.json'), 'utf8'))).toEqual({ A: 'a1', B: 'b1' });
});

test('only its owner may read the file, and no other file stays', () => {
  keepDemoSecrets(folder, { A: () => 'a' });
  keepDemoSecrets(folder, { B: () => 'b' });
  expect(statSync(join(folder, 'demo-secrets.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['demo-secrets.json']);
});

test('a maker gives its owner the same secrets after a restart, and every owner others', () => {
  const first = demoSecretMaker(folder, 'sms');
  const made = [first(16), first(32)];
  expect(made.map((secret) => secret.length)).toEqual([32, 64]);
  const again = demoSecretMaker(folder, 'sms');
  expect([again(16), again(32)]).toEqual(made);
  expect(made).not.toContain(demoSecretMaker(folder, 'email')(16));
});

test('a torn file is an error, not new secrets', () => {
  writeFileSync(join(folder, 'demo-secrets.json'), '{"A": "a');
  expect(() => keepDemoSecrets(folder, { A: () => 'b' })).toThrow(UserError);
});
