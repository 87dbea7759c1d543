import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { HIDDEN_ADDRESS, HIDDEN_NAME, HIDDEN_NUMBER, maskFor } from '../../src/cases/mask.js';
import type { ReporterView } from '../../src/cases/reporters.js';

const ANI: ReporterView = {
  name: 'Ani Latuheru',
  phone: '+6281234567890',
  email: 'ani@surel.example',
  address: 'Jl. Pattimura 5',
  contacts: [
    { scheme: 'mailto', value: 'ani@surel.example', name: 'Ibu A. Latuheru' },
    { scheme: 'x', value: '@latu_ani', name: null },
  ],
};

describe('what names the reporter is taken out', () => {
  test.each([
    ['Hubungi ani@surel.example.', `Hubungi ${HIDDEN_ADDRESS}.`],
    ['Surel:ani@surel.example;budi@lain.example', `Surel:${HIDDEN_ADDRESS};${HIDDEN_ADDRESS}`],
    ['<mailto:ANI@SUREL.EXAMPLE>', `<mailto:${HIDDEN_ADDRESS}>`],
    ['"ani latuheru"@surel.example', HIDDEN_ADDRESS],
    ['ani＠surel.example', HIDDEN_ADDRESS],
    ['a@b@c/d@e', HIDDEN_ADDRESS],
    ['Salam,\nANI  latuheru', `Salam,\n${HIDDEN_NAME}`],
    ['Ani\nLatuheru', HIDDEN_NAME],
    ['saya ani dari keluarga Latuheru', `saya ${HIDDEN_NAME} dari keluarga ${HIDDEN_NAME}`],
    ['di Jl.  Pattimura 5, Ambon', `di ${HIDDEN_ADDRESS}, Ambon`],
    ['lihat @latu_ani', `lihat ${HIDDEN_ADDRESS}`],
    ['+6281234567890', HIDDEN_NUMBER],
    ['081234567890', HIDDEN_NUMBER],
    ['6281234567890', HIDDEN_NUMBER],
    ['006281234567890', HIDDEN_NUMBER],
    ['+62 812-3456-7890', HIDDEN_NUMBER],
    ['HP 0812 3456 7890, WA (0812) 3456.7890', `HP ${HIDDEN_NUMBER}, WA ${HIDDEN_NUMBER}`],
    ['+62 (0) 812 3456 7890', HIDDEN_NUMBER],
    ['0812–3456–7890', HIDDEN_NUMBER],
  ])('%j', (text, masked) => {
    expect(maskFor(ANI)(text)).toBe(masked);
  });

  test.each([
    'Sampah menumpuk di @pasar Mardika, harga @ 5.000',
    'Nomor 5724161383 belum dijawab, hubungi 112',
    'Animasi, Kelatuheruan dan ibu-ibu',
    'Surat dari 12-03-2026 pukul 08.12',
    'Cafe\u0301 \uE000',
  ])('and nothing else: %j', (text) => {
    expect(maskFor(ANI)(text)).toBe(text);
  });

  test('his own address goes whole, whatever signs are in it', () => {
    const mask = maskFor({ ...ANI, email: "o'neil;{x}@surel.example" });
    expect(mask("tulis ke o'neil;{x}@surel.example, ya")).toBe(`tulis ke ${HIDDEN_ADDRESS}, ya`);
  });

  test('of nobody known, addresses only; what names nobody stays', () => {
    expect(maskFor(null)('Ani, 081234567890, a@b.id')).toBe(`Ani, 081234567890, ${HIDDEN_ADDRESS}`);
    const warga = {
      ...ANI,
      name: 'Warga',
      contacts: [{ scheme: 'tel', value: '1708', name: 'Warga Ambon' }],
    };
    expect(maskFor({ ...warga, phone: '1708' })('Warga Ambon menulis ke 1708')).toBe(
      'Warga Ambon menulis ke 1708',
    );
  });

  test('whose name stands in the words that hide him is hidden too', () => {
    const text = maskFor({ ...ANI, name: 'Alamat Nama' })('Alamat Nama, x@y.id');
    expect(text).toBe(`${HIDDEN_NAME}, ${HIDDEN_ADDRESS}`);
  });
});

const gap = fc.constantFrom(' ', '\n', ', ', ' (', '; ', ': "', ' — ', '.\n');
const words = fc.string({ unit: 'grapheme', maxLength: 30 });
const name = fc
  .array(fc.stringMatching(/^[A-Z][a-z]{3,9}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(' '));
const between = fc.constantFrom('', ' ', '-', '.', ' - ', '\n');
const significant = fc.stringMatching(/^8[1-9][0-9]{7,9}$/);

describe('for all texts', () => {
  test('no e-mail address is left', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.emailAddress(), fc.constantFrom('@', '"'), gap)), (parts) => {
        expect(maskFor(null)(parts.join(''))).not.toMatch(/[^\s<>()[\]{},;:"'@]@[^\s<>()[\]{},;:"'@]/u);
      }),
    );
  });

  test('name, number in its spellings and address of the reporter are not left', () => {
    fc.assert(
      fc.property(
        fc.record({ name, digits: significant, email: fc.emailAddress(), before: words, after: words }),
        fc.array(between, { minLength: 12, maxLength: 12 }),
        fc.constantFrom('0', '+62', '62', '0062', '+62 ', '+62 (0)'),
        gap,
        ({ name: own, digits, email, before, after }, separators, prefix, joint) => {
          const spelled = digits
            .split('')
            .map((digit, i) => digit + (separators[i] ?? ''))
            .join('');
          const mask = maskFor({ name: own, phone: `+62${digits}`, email, address: null, contacts: [] });
          const said = [before, own.toUpperCase(), prefix + spelled, email, own, after].join(joint);
          const masked = mask(said);
          // What stands around it by chance is not his.
          const around = (before + after).toLowerCase();
          for (const part of own.toLowerCase().split(' '))
            if (!around.includes(part)) expect(masked.toLowerCase()).not.toContain(part);
          expect(masked.replaceAll(/\D/g, '')).not.toContain(digits);
          expect(masked).not.toContain(email);
          expect(mask(masked)).toBe(masked);
        },
      ),
    );
  });

  test('a text made to hold up the search does not', () => {
    const mask = maskFor(ANI);
    const started = performance.now();
    for (const unit of ['a', 'a@', '@', '0', '0 ', '+62', 'Ani ', '"a', '8 1', 'a.', '1@1'])
      mask(unit.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
