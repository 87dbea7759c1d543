import { expect, test } from '@jest/globals';
import { UserError } from '../../src/core/errors.js';
import { asUserError } from '../../src/db/embedded-problem.js';

const place = { dataDir: '/srv/data', log: '/srv/data/postgres/postgres.log' };
const systemError = (code: string) => Object.assign(new Error(`${code}: mkdir`), { code });

test.each<[string, Error, string, string]>([
  ['a full disk, said by the system', systemError('ENOSPC'), '', 'disk_full'],
  [
    'a full disk, said by initdb',
    new Error('initdb failed: removing contents of data directory'),
    'initdb: error: could not write to file "pg_wal/xlogtemp.7": No space left on device',
    'disk_full',
  ],
  ['a folder of somebody else', systemError('EACCES'), '', 'data_folder_not_writable'],
  ['a read-only disk', systemError('EROFS'), '', 'data_folder_not_writable'],
  [
    'another PostgreSQL',
    new Error('pg_ctl failed: could not start server'),
    'FATAL:  database files are incompatible with server',
    'postgres_version',
  ],
  [
    'no memory',
    new Error('pg_ctl failed'),
    'FATAL:  could not map anonymous shared memory: Cannot allocate memory',
    'memory',
  ],
  ['anything else', new Error('pg_ctl failed'), 'FATAL:  something new', 'postgres_failed'],
])('%s', (_name, error, said, code) => {
  const told = asUserError(error, said, place);
  expect(told).toMatchObject({ code, cause: error });
  expect(told.message).not.toContain('\n');
  expect(told.remedy).not.toBe('');
});

test('the unknown keeps the last words of PostgreSQL, and a UserError stays itself', () => {
  expect(asUserError(new Error('x'), 'FATAL:  something new', place).message).toContain('something new');
  const own = new UserError('data_folder_in_use', 'a', { remedy: 'b' });
  expect(asUserError(own, 'No space left', place)).toBe(own);
});
