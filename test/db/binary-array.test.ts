import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import {
  boolArray,
  byteaArray,
  intArray,
  jsonbArray,
  textArray,
  timeArray,
  uuidArray,
  uuidTextArray,
} from '../../src/db/binary-array.js';
import { storableJson, storableText } from '../../src/intake/storable.js';

let store: TestDatabase;

beforeAll(async () => {
  store = await createTestDatabase({ migrated: false });
});

afterAll(() => store.drop());

async function roundTrip(type: string, parameter: Buffer): Promise<unknown[]> {
  const { rows } = await store.database.pool.query(`SELECT v FROM unnest($1::${type}[]) AS u (v)`, [
    parameter,
  ]);
  return rows.map((row: { v: unknown }) => row.v);
}

const nullable = <T>(values: fc.Arbitrary<T>) => fc.array(fc.option(values), { maxLength: 20 });

test('what PostgreSQL reads from a binary array is what was put in', async () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      nullable(fc.uint8Array({ maxLength: 50 })),
      nullable(anyText),
      nullable(fc.jsonValue()),
      fc.array(fc.date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('2200-01-01') })),
      fc.array(fc.boolean()),
      fc.array(fc.integer()),
      nullable(fc.uuid()),
      async (bytes, texts, values, times, flags, numbers, ids) => {
        const clean = texts.map((text) => (text === null ? null : storableText(text)));
        const json = values.map((value) => (value === null ? null : storableJson(value)));
        const binaryIds = ids.map((id) => (id === null ? null : Buffer.from(id.replaceAll('-', ''), 'hex')));
        expect(await roundTrip('bytea', byteaArray(bytes))).toEqual(
          bytes.map((one) => (one === null ? null : Buffer.from(one))),
        );
        expect(await roundTrip('text', textArray(clean))).toEqual(clean);
        const parsed = await store.database.pool.query(
          'SELECT v::jsonb AS v FROM unnest($1::text[]) AS u (v)',
          [textArray(json)],
        );
        expect(await roundTrip('jsonb', jsonbArray(json))).toEqual(
          parsed.rows.map((row: { v: unknown }) => row.v),
        );
        expect(await roundTrip('timestamptz', timeArray(times.map(Number)))).toEqual(times);
        expect(await roundTrip('bool', boolArray(flags))).toEqual(flags);
        expect(await roundTrip('int4', intArray(numbers))).toEqual(numbers);
        expect(await roundTrip('uuid', uuidArray(binaryIds))).toEqual(ids);
      },
    ),
    { numRuns: 60 },
  );
});

test('text keeps everything but U+0000 and halves of surrogate pairs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(storableText(text)).toBe(text.replaceAll('\0', '\u2400'));
    }),
  );
  expect(storableText('\ud83d\ude00 \ud83d \ude00')).toBe('\ud83d\ude00 \ufffd \ufffd');
});

test('ids as they are written arrive as they are, in either case, and nothing else is taken for one', async () => {
  await fc.assert(
    fc.asyncProperty(nullable(fc.uuid()), async (ids) => {
      expect(await roundTrip('uuid', uuidTextArray(ids))).toEqual(ids);
      const shouted = ids.map((id) => id && id.toUpperCase().replaceAll('-', ''));
      expect(await roundTrip('uuid', uuidTextArray(shouted))).toEqual(ids);
    }),
    { numRuns: 20 },
  );
  for (const wrong of ['', 'x', '0'.repeat(31), '0'.repeat(33), `${'0'.repeat(31)}g`, `${'0'.repeat(31)}é`]) {
    expect(() => uuidTextArray([wrong])).toThrow('Not a UUID');
  }
});
