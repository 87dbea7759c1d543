import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../config/root.js';
import { purgeTabler } from '../support/tabler-css.js';

const file = join(projectRoot(), 'src/http/assets/tabler.css');

test('the kept part of Tabler is what the pages use (after a change of pages: UPDATE_FIXTURES=1)', async () => {
  const wanted = await purgeTabler(projectRoot());
  if (process.env['UPDATE_FIXTURES'] === '1') await writeFile(file, wanted);
  expect(await readFile(file, 'utf8')).toBe(wanted);
  expect(wanted).toContain('.btn-primary');
  expect(wanted.length).toBeLessThan(150_000);
});
