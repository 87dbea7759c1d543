import { expect, test } from '@jest/globals';
import { UUID } from 'uuidv7';
import { firstIdSince, idText, newId, newIdBytes, timeOfId } from '../../src/core/ids.js';

test('ids are UUIDv7, written canonically, each behind the one before', () => {
  let before = '';
  for (let i = 0; i < 2_000; i += 1) {
    const id = newId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id > before).toBe(true);
    before = id;
  }
  const bytes = newIdBytes();
  expect(idText(bytes)).toBe(UUID.ofInner(bytes).toString());
});

test('an id says when it was made, and a range begins before all ids of its time', () => {
  const before = new Date();
  const id = newId();
  const madeAt = timeOfId(id).getTime();
  expect(madeAt).toBeGreaterThanOrEqual(before.getTime());
  expect(madeAt).toBeLessThanOrEqual(Date.now());
  expect(firstIdSince(before) < id).toBe(true);
  expect(firstIdSince(new Date(madeAt + 1)) > id).toBe(true);
  expect(firstIdSince(new Date(-1))).toBe('00000000-0000-0000-0000-000000000000');
});
