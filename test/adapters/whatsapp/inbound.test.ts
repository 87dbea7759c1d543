import { describe, expect, test } from '@jest/globals';
import { UnparsableError } from '../../../src/core/channel.js';
import { NOW, webhook } from '../shared/meta/helpers.js';
import { ACCOUNT_ID, adapterFor, CITIZEN, HIDDEN, message, parse } from './helpers.js';

const MEDIA = 'http://127.0.0.1:9/v26.0/990011';
const from = { scheme: 'tel', value: CITIZEN, name: 'Bung Sahetapy' };

describe('a message', () => {
  test('exactly as it was written', () => {
    const body = '  Sampah menumpuk 😀\n di Mardika ';
    expect(parse(message({ type: 'text', text: { body } })).events).toEqual([
      {
        type: 'message',
        channelId: 'whatsapp',
        externalId: 'wamid.1',
        from,
        text: body,
        attachments: [],
        automated: false,
        sentAt: '2026-11-23T01:02:00.000Z',
        receivedAt: NOW.toISOString(),
      },
    ]);
  });

  test.each<[string, object, unknown]>([
    ['a button of a template', { type: 'button', button: { text: 'Ya', payload: 'YES' } }, 'Ya'],
    [
      'a button',
      {
        type: 'interactive',
        interactive: { type: 'button_reply', button_reply: { id: '1', title: 'Setuju' } },
      },
      'Setuju',
    ],
    [
      'a line of a list',
      { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: '1', title: 'Sampah' } } },
      'Sampah',
    ],
    [
      'a place',
      { type: 'location', location: { latitude: -3.6954, longitude: 128.1814, name: 'Pasar Mardika' } },
      '[Lokasi: -3.6954, 128.1814; Pasar Mardika]',
    ],
    [
      'a card',
      {
        type: 'contacts',
        contacts: [{ name: { formatted_name: 'Pak RT' }, phones: [{ phone: '+62 811' }] }],
      },
      '[Kontak: Pak RT +62 811]',
    ],
    [
      'something that WhatsApp cannot pass on',
      { type: 'unsupported', errors: [{ code: 131051 }] },
      expect.stringContaining('tidak dapat meneruskan'),
    ],
    ['a kind of tomorrow', { type: 'hologram', hologram: {} }, expect.stringContaining('hologram')],
  ])('%s is a text', (_name, more, text) => {
    expect(parse(message(more)).events).toMatchObject([{ type: 'message', text, attachments: [] }]);
  });

  test.each<[string, object, object]>([
    [
      'image',
      { id: '990011', mime_type: 'image/jpeg', sha256: 'x', caption: 'Lihat' },
      { name: 'image.jpeg', contentType: 'image/jpeg', url: MEDIA },
    ],
    [
      'audio',
      { id: '990011', mime_type: 'audio/ogg; codecs=opus', voice: true },
      { name: 'audio.ogg', contentType: 'audio/ogg; codecs=opus', url: MEDIA },
    ],
    [
      'document',
      { id: 990011, filename: 'surat.pdf', mime_type: 'application/pdf' },
      { name: 'surat.pdf', url: MEDIA },
    ],
    ['video', { id: '990011' }, { name: 'video.mp4', contentType: 'video/mp4' }],
    ['sticker', { id: '990011', mime_type: 'image/webp' }, { name: 'sticker.webp' }],
  ])('%s is kept by its id', (type, part, attachment) => {
    expect(parse(message({ type, [type]: part })).events).toMatchObject([{ attachments: [attachment] }]);
  });

  test('an answer to a certain message points at it', () => {
    const answer = message({ type: 'text', text: { body: 'ya' }, context: { from: '62', id: 'wamid.out' } });
    expect(parse(answer).events).toMatchObject([{ thread: { references: ['wamid.out'] } }]);
  });

  test('who hides his number is known by the id that stands for him', () => {
    const text = { type: 'text', text: { body: 'x' }, id: 'wamid.2' };
    const contacts = [{ profile: { name: 'Usi' }, user_id: HIDDEN }];
    const expected = { scheme: 'wa-user', value: HIDDEN, name: 'Usi' };
    expect(parse({ contacts, messages: [{ ...text, from_user_id: HIDDEN }] }).events).toMatchObject([
      { from: expected },
    ]);
    expect(parse({ contacts, messages: [text] }).events).toMatchObject([{ from: expected }]);
    expect(parse({ messages: [text] })).toMatchObject({
      events: [],
      rejected: [{ reason: 'the sender is missing' }],
    });
  });

  test('taken back, and written anew', () => {
    const revoke = message({ id: 'wamid.3', type: 'revoke', revoke: { original_message_id: 'wamid.1' } });
    expect(parse(revoke).events).toMatchObject([
      { type: 'withdrawal', of: 'message', externalId: 'wamid.1', from },
    ]);
    const changed = { original_message_id: 'wamid.1', message: { type: 'text', text: { body: 'baru' } } };
    expect(parse(message({ id: 'wamid.4', type: 'edit', edit: changed })).events).toMatchObject([
      { type: 'edit', externalId: 'wamid.1', version: 'wamid.4', text: 'baru', from },
    ]);
  });
});

describe('a status', () => {
  const status = (more: object) => ({
    statuses: [{ id: 'wamid.out', timestamp: '1795395720', recipient_id: '62', ...more }],
  });
  test.each([
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'read'],
    ['failed', 'failed'],
  ])('%s is %s, with our own id', (name, state) => {
    expect(parse(status({ status: name, biz_opaque_callback_data: 'tabea:0193-outbox' })).events).toEqual([
      {
        type: 'delivery',
        channelId: 'whatsapp',
        externalId: 'wamid.out',
        outboxId: '0193-outbox',
        state,
        at: '2026-11-23T01:02:00.000Z',
      },
    ]);
  });

  test('a failure tells its number', () => {
    const errors = [{ code: 131047, title: 'Re-engagement message', error_data: { details: 'words' } }];
    expect(parse(status({ status: 'failed', errors })).events).toMatchObject([
      { state: 'failed', code: '131047' },
    ]);
  });
});

test.each<[string, object, 'ignored' | 'rejected']>([
  ['a reaction', message({ type: 'reaction', reaction: { emoji: '👍' } }), 'ignored'],
  ['a new number', message({ type: 'system', system: {} }), 'ignored'],
  ['a status on the way', { statuses: [{ id: 'w', status: 'accepted' }] }, 'ignored'],
  ['an error of the account', { errors: [{ code: 131048 }] }, 'ignored'],
  ['a text without words', message({ type: 'text' }), 'rejected'],
  ['a picture without id', message({ type: 'image', image: {} }), 'rejected'],
  ['a message without type', message({}), 'rejected'],
  ['a message without id', message({ id: undefined, type: 'text', text: { body: 'x' } }), 'rejected'],
  ['a status unheard of', { statuses: [{ id: 'w', status: 'sung' }] }, 'rejected'],
  [
    'another number',
    { ...message({ type: 'text', text: { body: 'x' } }), metadata: { phone_number_id: '1' } },
    'rejected',
  ],
  ['nothing', {}, 'rejected'],
])('%s', (_name, value, where) => {
  const parsed = parse(value);
  expect(parsed.events).toEqual([]);
  expect(parsed[where]).toHaveLength(1);
});

test('the poison of one leaves the others as they are', () => {
  const good = message({ type: 'text', text: { body: 'x' } }).messages[0];
  const parsed = parse({ messages: [good, null, { ...good, id: 'wamid.9' }] }, { messages: 'x' });
  expect(parsed.events.map((event) => event.externalId)).toEqual(['wamid.1', 'wamid.9']);
  expect(parsed.rejected).toHaveLength(2);
});

test('other fields and other objects are kept apart; what is no JSON cannot be read', () => {
  const receiver = adapterFor().webhook;
  const other = {
    object: 'whatsapp_business_account',
    entry: [{ id: ACCOUNT_ID, changes: [{ field: 'account_update' }] }],
  };
  expect(receiver?.parse(webhook(other))).toMatchObject({
    ignored: [{ reason: 'field account_update is not taken' }],
  });
  expect(receiver?.parse(webhook({ object: 'page' })).rejected).toHaveLength(1);
  expect(() => receiver?.parse(webhook(Buffer.from('[')))).toThrow(UnparsableError);
});
