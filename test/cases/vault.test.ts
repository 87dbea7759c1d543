import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createVault, VaultError } from '../../src/cases/vault.js';

const vault = createVault({ wrap: randomBytes(32) });
const contact = randomBytes(32);
const ADDRESS = { value: '+6281200000001', name: 'Ani' };

describe('the vault', () => {
  test('opens what it sealed, and no two ciphertexts or keys are equal', () => {
    const [a, b] = [vault.createKey('r1'), vault.createKey('r1')];
    expect(a.key.equals(b.key)).toBe(false);
    const sealed = vault.sealAddress(a, contact, ADDRESS);
    expect(sealed.equals(vault.sealAddress(a, contact, ADDRESS))).toBe(false);
    expect(sealed.toString('latin1')).not.toContain('81200000001');
    expect(vault.openAddress(vault.unwrapKey('r1', a.wrapped), contact, sealed)).toEqual(ADDRESS);
    const identity = { name: 'Ani', address: 'Jalan A 1' };
    expect(vault.openIdentity(a, vault.sealIdentity(a, identity))).toEqual(identity);
  });

  test('opens nothing that was moved to another row, changed, or sealed under another secret', () => {
    const key = vault.createKey('r1');
    const sealed = vault.sealAddress(key, contact, ADDRESS);
    expect(() => vault.unwrapKey('r2', key.wrapped)).toThrow(VaultError);
    expect(() => vault.openAddress(key, randomBytes(32), sealed)).toThrow(VaultError);
    expect(() => vault.openAddress({ ...key, reporterId: 'r2' }, contact, sealed)).toThrow(VaultError);
    expect(() => vault.openIdentity(key, sealed)).toThrow(VaultError);
    expect(() => createVault({ wrap: randomBytes(32) }).unwrapKey('r1', key.wrapped)).toThrow(VaultError);
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => vault.openAddress(key, contact, changed)).toThrow(VaultError);
    }
    expect(() => vault.openAddress(key, contact, Buffer.alloc(0))).toThrow(VaultError);
  });

  test('keeps keys apart over many calls of the random pool', () => {
    const keys = new Set(Array.from({ length: 2_000 }, () => vault.createKey('r').key.toString('hex')));
    expect(keys.size).toBe(2_000);
  });
});
