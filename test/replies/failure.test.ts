import { expect, test } from '@jest/globals';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import { failureOf } from '../../src/replies/failure.js';

test.each([
  ['rejected:5.1.1', 'address_unknown', '5.1.1'],
  ['rejected:550 5.1.1', 'address_unknown', '550 5.1.1'],
  ['5.1.2', 'domain_unknown', '5.1.2'],
  ['rejected:5.1.10', 'domain_unknown', '5.1.10'],
  ['5.1.99', 'address_unknown', '5.1.99'],
  ['5.2.1', 'mailbox_disabled', '5.2.1'],
  ['5.2.2', 'mailbox_full', '5.2.2'],
  ['5.2.3', 'too_large', '5.2.3'],
  ['rejected:5.3.4', 'too_large', '5.3.4'],
  ['5.3.0', 'server_busy', '5.3.0'],
  ['5.4.1', 'unreachable', '5.4.1'],
  ['5.4.6', 'loop', '5.4.6'],
  ['4.4.7', 'unreachable', '4.4.7'],
  ['rejected:4.7.1', 'server_busy', '4.7.1'],
  ['5.7.1', 'refused_by_policy', '5.7.1'],
  ['rejected:5.7.26', 'not_authenticated', '5.7.26'],
  ['config:5.7.8', 'login_failed', '5.7.8'],
  ['rejected:5.7.60', 'sender_refused', '5.7.60'],
  ['rejected:550', 'address_unknown', '550'],
  ['rejected:552', 'too_large', '552'],
  ['bad_response:550', 'bad_response', '550'],
  ['rejected:21211', 'refused', '21211'],
  ['30003', 'delivery', '30003'],
  ['undelivered', 'delivery', 'undelivered'],
  ['connection', 'connection', null],
  ['connection:timeout', 'connection', 'timeout'],
  ['throttled:429', 'throttled', '429'],
  ['rejected:file_missing', 'file_missing', null],
  ['opted_out', 'opted_out', null],
  ['unresolved', 'unresolved', null],
  ['reconciling', 'reconciling', null],
  ['fault', 'other', null],
  ['15.1.1.9', 'delivery', '15.1.1.9'],
  [null, 'delivery', null],
])('%s is %s (%s)', (error, kind, code) => {
  expect(failureOf(error)).toEqual({ kind, code });
  const { messages } = loadConfig({ env: readEnv({}) });
  expect(messages.id.has(`console.failure.${kind}`)).toBe(true);
});
