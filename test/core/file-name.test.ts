import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { safeFileName } from '../../src/core/file-name.js';

test.each([
  ['foto lubang.jpg', 'foto lubang.jpg'],
  ['Surat keberatan – RT 03 😀.pdf', 'Surat keberatan – RT 03 😀.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\Ani\\surat.docx', 'surat.docx'],
  ['tagihan\u202Egnp.exe', 'tagihangnp.exe'],
  ['.htaccess', 'htaccess'],
  ['laporan.pdf. . .', 'laporan.pdf'],
  ['CON.txt', '_CON.txt'],
  ['a"b<c>d|e?f*.png', 'a_b_c_d_e_f_.png'],
  ['', 'lampiran'],
  ['\u0000\u200B', 'lampiran'],
  ['nul', '_nul'],
  ['COM1.txt', '_COM1.txt'],
  ['com¹.txt', '_com¹.txt'],
  ['conin$', '_conin$'],
  ['console.txt', 'console.txt'],
  ['a\r\nb\0c.txt', 'abc.txt'],
  ['///', 'lampiran'],
  ['...', 'lampiran'],
  ['?*', 'lampiran'],
  ['\ud83d.png', '_.png'],
])('%j becomes %j', (given, wanted) => {
  expect(safeFileName(given)).toBe(wanted);
});

test('a long name keeps its extension and whole characters', () => {
  const name = safeFileName(`${'😀'.repeat(200)}.jpeg`);
  expect(name.length).toBeLessThanOrEqual(120);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(180);
  expect(name).toMatch(/😀\.jpeg$/u);
});

test('whatever comes, the name is one of a file in a folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (given) => {
      const name = safeFileName(given);
      expect(name.length).toBeGreaterThan(0);
      expect(name.length).toBeLessThanOrEqual(120);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(180);
      expect(name).not.toMatch(/[\\/:"<>|?*\r\n]|^\.|\p{Cc}|\p{Cf}/u);
    }),
  );
});
