import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import { LABELS, placeholdersOf, TEMPLATES } from '../../config/messages.js';
import { projectRoot } from '../../config/root.js';
import { LANGUAGES } from '../../config/schema.js';

const { messages, opds } = loadConfig({ env: readEnv({}) });

/** Characters of GSM-7's basic set that texts of ours use (3GPP TS 23.038, 6.2.1): one septet each. */
const GSM7_BASIC = /^[A-Za-z0-9 \n\r@£$¥èéùìòÇØøÅåÆæßÉ!"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà_]*$/;

const longestOpd = [...opds].sort((a, b) => b.shortName.length - a.shortName.length)[0]?.shortName ?? '';
const values = {
  number: '9876543210',
  due: '31-12-2026',
  until: '31-12-2026',
  opd: longestOpd,
  emergency: '112',
  status: '',
  note: '',
  reply: '',
};

describe.each(LANGUAGES)('%s', (language) => {
  const texts = messages[language];

  test.each([
    'received',
    'disposed',
    'closed',
    'status_mistyped',
    'status_unknown',
    'help',
    'stop_confirmed',
    'start_confirmed',
    'emergency',
    'holding',
    'reopened',
  ] as const)('%s is one SMS segment', (key) => {
    const text = texts.format(key, values);
    expect(text).toMatch(GSM7_BASIC);
    expect(text.length).toBeLessThanOrEqual(160);
    expect(text).not.toMatch(/[{}]|\s$|^\s/);
  });

  test('the status of a case of his own is one segment, whatever the status', () => {
    for (const status of LABELS.status) {
      const text = texts.format('status_own', { ...values, status: texts.label('status', status) });
      expect(text).toMatch(GSM7_BASIC);
      expect(text.length).toBeLessThanOrEqual(160);
    }
  });

  test('a rejection leaves room for a reason in its first segment', () => {
    expect(texts.format('rejected', values).length).toBeLessThanOrEqual(140);
  });

  test('the acknowledgement has the number, the deadline and how to check', () => {
    const text = texts.format('received', values);
    expect(text).toContain('31-12-2026');
    expect(text).toMatch(/(?:CEK|STATUS) 9876543210/);
  });

  test('every code has its word', () => {
    for (const status of LABELS.status) expect(texts.label('status', status)).not.toBe('');
    expect(texts.keys.filter((key) => key.startsWith('labels.'))).toHaveLength(
      Object.values(LABELS).reduce((sum, codes) => sum + codes.length, 0),
    );
  });

  test('values go in once and as they are', () => {
    const reply = 'Pakai {number} dan $& dan $1';
    expect(texts.format('answered', { number: '1234567894', reply })).toContain(reply);
  });

  test('an unknown text is an error', () => {
    expect(() => texts.text('console.no-such-text')).toThrow(RangeError);
    expect(texts.has('console.no-such-text')).toBe(false);
  });
});

test('the languages have the same keys and placeholders', () => {
  expect(messages.en.keys).toEqual(messages.id.keys);
  for (const key of messages.id.keys) {
    expect([key, placeholdersOf(messages.en.text(key))]).toEqual([
      key,
      placeholdersOf(messages.id.text(key)),
    ]);
  }
  expect(
    Object.keys(TEMPLATES)
      .map((key) => `templates.${key}`)
      .every((key) => messages.id.has(key)),
  ).toBe(true);
});

test('every text that the sources name literally is there', () => {
  const root = projectRoot();
  const files = ['src', 'workers', 'adapters'].flatMap((folder) => sources(join(root, folder)));
  const unknown = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\.text\(\s*'((?:console|public|simulator)\.[\w.-]+)'/g)]
      .map(([, key]) => key ?? '')
      .filter((key) => !messages.id.has(key))
      .map((key) => `${file}: ${key}`),
  );
  expect(unknown).toEqual([]);
  expect(files.length).toBeGreaterThan(10);
});

function sources(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
