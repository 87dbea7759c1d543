import { describe, expect, test } from '@jest/globals';
import { parseRedisUrl } from '../../src/queue/redis-url.js';

describe('REDIS_URL', () => {
  test.each([
    ['redis://h', { kind: 'single', hosts: [{ host: 'h', port: 6379 }], db: 0, tls: false }],
    [
      'rediss://u:p%40ss@h:1/2',
      { kind: 'single', hosts: [{ host: 'h', port: 1 }], db: 2, tls: true, username: 'u', password: 'p@ss' },
    ],
    [
      'redis+cluster://:p@a,b:7',
      {
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7 },
        ],
        db: 0,
        tls: false,
        password: 'p',
      },
    ],
    [
      'redis+sentinel://a,[::1]:9/main/3',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26379 },
          { host: '::1', port: 9 },
        ],
        db: 3,
        tls: false,
        master: 'main',
      },
    ],
  ])('%s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });

  test.each(['http://h', 'redis://a,b', 'redis+sentinel://a', 'redis://h/x', 'redis://:s3cret@h:port'])(
    '%s is refused, and not repeated',
    (url) => {
      expect(() => parseRedisUrl(url)).toThrow('REDIS_URL');
      expect(() => parseRedisUrl(url)).not.toThrow(/s3cret|sentinel:\/\/a$/);
    },
  );
});
