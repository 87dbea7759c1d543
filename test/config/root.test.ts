import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../config/root.js';
import { UserError } from '../../src/core/errors.js';

test('finds the root from the sources and from below dist/', () => {
  const root = projectRoot();
  expect(readFileSync(join(root, 'package.json'), 'utf8')).toContain('"name": "tabea"');
  expect(projectRoot(join(root, 'dist', 'config'))).toBe(root);
});

test('says so where there is none', () => {
  expect(() => projectRoot('/')).toThrow(UserError);
});
