import { expect, test } from '@jest/globals';
import { UUID } from 'uuidv7';
import { idText, newId, newIdBytes } from '../../src/core/ids.js';

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
