import { describe, expect, test } from '@jest/globals';
import { measureMail } from '../../../adapters/email/measure.js';
import { mailPermission } from '../../../adapters/email/permission.js';

const target = (value: string, over: object = {}) => ({
  address: { scheme: 'mailto', value },
  optedOut: false,
  confidentiality: 'public' as const,
  ...over,
});

describe('before an operator writes', () => {
  test.each([
    'budi@warga.example',
    'budi.s+lapor@sub.warga.example',
    'ñandú@contoh.example',
    'a@xn--bcher-kva.example',
  ])('%s may be answered', (value) => {
    expect(mailPermission(target(value))).toEqual({ allowed: true });
  });

  test.each([
    ['noreply@toko.example', /tidak menerima balasan/],
    ['No-Reply@toko.example', /tidak menerima balasan/],
    ['donotreply@toko.example', /tidak menerima balasan/],
    ['jangan-balas@toko.example', /tidak menerima balasan/],
    ['MAILER-DAEMON@mx.example', /tidak menerima balasan/],
    ['bounces+123@list.example', /tidak menerima balasan/],
    ['budi@warga', /tidak sah/],
    ['budi warga.example', /tidak sah/],
    ['', /tidak sah/],
  ])('%s may not, in words', (value, reason) => {
    expect(mailPermission(target(value))).toEqual({ allowed: false, reason: expect.stringMatching(reason) });
  });

  test('nor who asked not to be written to, nor who has no mail', () => {
    expect(mailPermission(target('budi@warga.example', { optedOut: true }))).toMatchObject({
      allowed: false,
    });
    const address = { scheme: 'tel', value: '+6281200000011' };
    expect(mailPermission(target('', { address }))).toMatchObject({ allowed: false });
  });
});

test('a mail is one message and costs nothing', () => {
  expect(measureMail('')).toMatchObject({ segments: 0, used: 0, costIdr: 0, fits: true });
  expect(measureMail('Halo 😀')).toMatchObject({ segments: 1, encoding: 'characters', used: 7, costIdr: 0 });
  expect(measureMail('x'.repeat(100_001))).toMatchObject({ segments: 1, left: 0, fits: false });
});
