import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseCommand, parseComplaint } from '../../src/core/commands.js';
import { makeTrackingNumber } from '../../src/core/tracking-number.js';

describe('parseCommand', () => {
  const good = { kind: 'status', number: '1234567894', valid: true };

  test.each<[string, object]>([
    ['STATUS 1234567894', good],
    ['status 1234567894', good],
    ['Cek 123 456 7894', good],
    ['CEK 123-456-7894.', good],
    [' cek:1234567894 ', good],
    ['CEK #1234567894', good],
    ['CEK1234567894', good],
    ['cek no 1234567894', good],
    ['cek no. 1234567894', good],
    ['Status laporan nomor 1234567894?', good],
    ['"CEK 1234567894"', good],
    ['CEK\n1234567894', good],
    ['cek 1234567895', { kind: 'status', number: '1234567895', valid: false }],
    ['cek 12345', { kind: 'status', number: '12345', valid: false }],
    ['cek 12345678944', { kind: 'status', number: '12345678944', valid: false }],
    ['CEK', { kind: 'help' }],
    ['status?', { kind: 'help' }],
    ['BANTUAN', { kind: 'help' }],
    ['Help!', { kind: 'help' }],
    ['info', { kind: 'help' }],
    ['#INFO', { kind: 'help' }],
    ['STOP', { kind: 'stop' }],
    ['stop.', { kind: 'stop' }],
    [' Berhenti\n', { kind: 'stop' }],
    ['START', { kind: 'start' }],
    ['mulai', { kind: 'start' }],
  ])('%j', (text, expected) => {
    expect(parseCommand(text)).toEqual(expected);
  });

  test.each([
    'Stop buang sampah di kali',
    'STOP 1234567894',
    'berhenti di halte',
    'cek lampu jalan mati di Passo',
    'Cek jalan 10 meter rusak',
    'status jalan rusak',
    'STATUS 1234567894 tolong segera',
    'INFO jalan rusak di Batu Merah',
    'bantuan sosial belum turun',
    'mulai kemarin air mati',
    'LAPOR',
    '1234567894',
    'statusnya 1234567894',
    'nonstop',
    '',
    '!!!',
    `CEK ${'1'.repeat(200)}`,
  ])('%j is none', (text) => {
    expect(parseCommand(text)).toBeNull();
  });

  test('every tracking number in every case of the word', () => {
    const word = fc.mixedCase(fc.constantFrom('status', 'cek'));
    fc.assert(
      fc.property(word, fc.integer({ min: 100_000_000, max: 999_999_999 }), (typed, body) => {
        const number = makeTrackingNumber(() => body);
        expect(parseCommand(`${typed} ${number}`)).toEqual({ kind: 'status', number, valid: true });
      }),
    );
  });
});

describe('parseComplaint', () => {
  test.each<[string, string, string, string]>([
    ['Lampu jalan mati', 'complaint', 'public', 'Lampu jalan mati'],
    ['LAPOR lampu jalan mati', 'complaint', 'public', 'lampu jalan mati'],
    ['lapor: lampu mati', 'complaint', 'public', 'lampu mati'],
    ['LAPOR:lampu mati', 'complaint', 'public', 'lampu mati'],
    ['#LAPOR lampu mati', 'complaint', 'public', 'lampu mati'],
    ['#laporpengaduan lampu mati', 'complaint', 'public', 'lampu mati'],
    ['  Aduan,  sampah menumpuk ', 'complaint', 'public', 'sampah menumpuk'],
    ['INFO jam buka kantor?', 'information', 'public', 'jam buka kantor?'],
    ['TANYA syarat KTP', 'information', 'public', 'syarat KTP'],
    ['LAPOR INFO syarat KTP', 'information', 'public', 'syarat KTP'],
    ['ASPIRASI tambah taman', 'aspiration', 'public', 'tambah taman'],
    ['ANONIM LAPOR pungli', 'complaint', 'anonymous', 'pungli'],
    ['lapor anonim pungli', 'complaint', 'anonymous', 'pungli'],
    ['RAHASIA: aspirasi: tambah guru', 'aspiration', 'secret', 'tambah guru'],
    ['ANONIM RAHASIA pungli', 'complaint', 'secret', 'pungli'],
    ['RAHASIA ANONIM pungli', 'complaint', 'secret', 'pungli'],
    ['#lapor#anonim pungli', 'complaint', 'anonymous', 'pungli'],
    ['ADUAN info palsu beredar', 'complaint', 'public', 'info palsu beredar'],
    ['ADUAN ADUAN sampah', 'complaint', 'public', 'ADUAN sampah'],
    ['Laporan warga', 'complaint', 'public', 'Laporan warga'],
    ['Informan datang', 'complaint', 'public', 'Informan datang'],
    ['info-nya salah', 'complaint', 'public', 'info-nya salah'],
    ['Sampah. LAPOR', 'complaint', 'public', 'Sampah. LAPOR'],
    ['LAPOR\nlampu mati\ndi Passo', 'complaint', 'public', 'lampu mati\ndi Passo'],
    ['LAPOR', 'complaint', 'public', ''],
    ['constructor rusak', 'complaint', 'public', 'constructor rusak'],
    ['', 'complaint', 'public', ''],
  ])('%j → %s, %s', (text, type, confidentiality, rest) => {
    expect(parseComplaint(text)).toEqual({ type, confidentiality, text: rest });
  });

  test('takes nothing but leading words off, and never loses the flag of a citizen', () => {
    const flag = fc.mixedCase(fc.constantFrom('anonim', 'rahasia'));
    fc.assert(
      fc.property(fc.string(), flag, fc.boolean(), (body, word, after) => {
        const text = after ? `LAPOR ${word}: ${body}` : `${word} lapor ${body}`;
        const parsed = parseComplaint(text);
        expect(parsed.confidentiality).not.toBe('public');
        expect(body.trim().endsWith(parsed.text)).toBe(true);
      }),
    );
  });
});
