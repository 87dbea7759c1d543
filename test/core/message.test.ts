import { describe, expect, test } from '@jest/globals';
import { eventKey } from '../../src/core/message.js';

const from = { scheme: 'tel', value: '+6281200000001' };

describe('eventKey', () => {
  test('keys of different events of one provider id never collide', () => {
    const at = '2026-11-23T08:00:00+09:00';
    const keys = [
      eventKey({
        type: 'message',
        channelId: 'c',
        externalId: 'x',
        from,
        text: '',
        attachments: [],
        automated: false,
        receivedAt: at,
      }),
      eventKey({ type: 'delivery', channelId: 'c', externalId: 'x', state: 'sent', at }),
      eventKey({ type: 'delivery', channelId: 'c', externalId: 'x', state: 'delivered', at }),
      eventKey({
        type: 'edit',
        channelId: 'c',
        externalId: 'x',
        version: '2',
        from,
        text: '',
        receivedAt: at,
      }),
      eventKey({ type: 'withdrawal', channelId: 'c', of: 'message', externalId: 'x', from, receivedAt: at }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys[0]).toBe('m:x');
    expect(keys[2]).toBe('d:x:delivered');
  });
});
