import { describe, expect, test } from '@jest/globals';
import { UnparsableError } from '../../../src/core/channel.js';
import { NOW, webhook } from '../shared/meta/helpers.js';
import { adapterFor, COMMENT, feed, messaging, PAGE, parse, POST, PSID, USER } from './helpers.js';

const person = { scheme: 'fb-psid', value: PSID };
const author = { scheme: 'fb-user', value: USER, name: 'Nona Latuconsina' };

describe('Messenger', () => {
  test('a message, exactly as it was written', () => {
    const text = '  Jum’at malam lampu padam 😀\n\u202eabc\u00e4 ';
    expect(parse(messaging({ message: { mid: 'm_1', text } }))).toEqual({
      events: [
        {
          type: 'message',
          channelId: 'facebook',
          externalId: 'm_1',
          from: person,
          to: { scheme: 'fb-psid', value: PAGE },
          text,
          attachments: [],
          automated: false,
          sentAt: '2026-11-23T01:02:02.500Z',
          receivedAt: NOW.toISOString(),
        },
      ],
      ignored: [],
      rejected: [],
    });
  });

  test('standby events are messages too: another app has the thread, the complaint is ours', () => {
    const { messaging: standby } = messaging({ message: { mid: 'm_2', text: 'x' } });
    expect(parse({ standby }).events).toMatchObject([{ type: 'message', externalId: 'm_2' }]);
  });

  test('an answer to a certain message points at it; a conversation as such points nowhere', () => {
    const [event] = parse(
      messaging({ message: { mid: 'm_3', text: 'ya', reply_to: { mid: 'm_out' } } }),
    ).events;
    expect(event).toMatchObject({ thread: { references: ['m_out'] } });
  });

  test('files, places and links', () => {
    const attachments = [
      { type: 'image', payload: { url: 'https://scontent.xx.fbcdn.net/v/t1/12_n.jpg?oh=1&oe=2' } },
      { type: 'audio', payload: { url: 'https://cdn.fbsbx.com/v/audioclip' } },
      { type: 'location', title: 'x', payload: { coordinates: { lat: -3.6954, long: 128.1814 } } },
      { type: 'fallback', title: 'Berita', url: 'https://berita.example/1', payload: null },
      { type: 'something_new' },
    ];
    const [event] = parse(messaging({ message: { mid: 'm_4', text: 'Lihat', attachments } })).events;
    expect(event).toMatchObject({
      text: 'Lihat\n[Lokasi: -3.6954, 128.1814]\n[Tautan: Berita https://berita.example/1]\n[Lampiran jenis something_new]',
      attachments: [
        { name: '12_n.jpg', contentType: 'image/jpeg', url: attachments[0]?.payload?.url },
        { name: 'audio-2', contentType: 'audio/mp4' },
      ],
    });
  });

  test('a photograph alone has no words', () => {
    const attachments = [{ type: 'image', payload: { url: 'https://cdn.example/a' } }];
    expect(parse(messaging({ message: { mid: 'm_5', attachments } })).events).toMatchObject([
      { text: '', attachments: [{ name: 'image-1' }] },
    ]);
  });

  test('a button says its label', () => {
    const postback = { mid: 'm_6', title: 'Laporkan sampah', payload: 'SAMPAH' };
    expect(parse(messaging({ postback })).events).toMatchObject([
      { externalId: 'm_6', text: 'Laporkan sampah' },
    ]);
    const older = { title: 'Laporkan sampah', payload: 'SAMPAH' };
    const [one, two] = [parse(messaging({ postback: older })), parse(messaging({ postback: older }))];
    expect(one.events).toEqual(two.events);
    expect(one.events).toMatchObject([{ externalId: `postback:${PSID}:1795395722500` }]);
  });

  test('an edit, a deletion', () => {
    expect(parse(messaging({ message_edit: { mid: 'm_7', text: 'baru', num_edit: 2 } })).events).toEqual([
      {
        type: 'edit',
        channelId: 'facebook',
        externalId: 'm_7',
        version: '2',
        from: person,
        text: 'baru',
        receivedAt: NOW.toISOString(),
      },
    ]);
    expect(parse(messaging({ message: { mid: 'm_8', is_deleted: true } })).events).toEqual([
      {
        type: 'withdrawal',
        channelId: 'facebook',
        of: 'message',
        externalId: 'm_8',
        from: person,
        receivedAt: NOW.toISOString(),
      },
    ]);
  });

  test('receipts that name messages are reports', () => {
    const at = '2026-11-23T01:02:00.000Z';
    const watermark = Date.parse(at);
    expect(parse(messaging({ delivery: { mids: ['m_a', 'm_b'], watermark } })).events).toEqual([
      { type: 'delivery', channelId: 'facebook', externalId: 'm_a', state: 'delivered', at },
      { type: 'delivery', channelId: 'facebook', externalId: 'm_b', state: 'delivered', at },
    ]);
    expect(parse(messaging({ read: { mid: 'm_a', watermark } })).events).toMatchObject([{ state: 'read' }]);
    expect(parse(messaging({ read: { watermark } })).ignored).toMatchObject([
      { reason: 'read receipt names no message' },
    ]);
  });

  test('an echo of ours proves that it was sent; of others it is ignored', () => {
    const echo = (more: object) => ({
      ...messaging({}).messaging[0],
      sender: { id: PAGE },
      recipient: { id: PSID },
      message: { mid: 'm_9', text: 'Terima kasih', is_echo: true, app_id: 1, ...more },
    });
    expect(parse({ messaging: [echo({ metadata: 'tabea:0193-outbox' })] }).events).toEqual([
      {
        type: 'delivery',
        channelId: 'facebook',
        externalId: 'm_9',
        outboxId: '0193-outbox',
        state: 'sent',
        at: '2026-11-23T01:02:02.500Z',
      },
    ]);
    expect(parse({ messaging: [echo({}), echo({ metadata: 'other' })] })).toMatchObject({
      events: [],
      ignored: [{ reason: /echo/ }, { reason: /echo/ }].map(() => ({
        reason: expect.stringContaining('echo'),
      })),
    });
  });

  test.each<[string, object, 'ignored' | 'rejected']>([
    ['a reaction', { reaction: { mid: 'm_1', action: 'react' } }, 'ignored'],
    ['the chat being opened', { postback: { title: 'Mulai', payload: 'GET_STARTED' } }, 'ignored'],
    [
      'a message of the page without the mark',
      { sender: { id: PAGE }, message: { mid: 'm_1', text: 'x' } },
      'ignored',
    ],
    ['a message without mid', { message: { text: 'x' } }, 'rejected'],
    ['a message without sender', { sender: {}, message: { mid: 'm_1', text: 'x' } }, 'rejected'],
    ['something unheard of', { telepathy: {} }, 'rejected'],
    ['an edit without text', { message_edit: { mid: 'm_1', num_edit: 1 } }, 'rejected'],
  ])('%s', (_name, event, where) => {
    const parsed = parse(messaging(event));
    expect(parsed.events).toEqual([]);
    expect(parsed[where]).toHaveLength(1);
    expect(parsed[where][0]?.reason).not.toBe('');
  });
});

describe('comments', () => {
  test('a comment under a post begins a conversation of its own', () => {
    expect(parse(feed({})).events).toEqual([
      {
        type: 'message',
        channelId: 'facebook',
        externalId: COMMENT,
        from: author,
        to: { scheme: 'fb-page', value: PAGE },
        text: 'Air PDAM mati tiga hari di Batu Merah',
        attachments: [],
        thread: { conversationId: COMMENT },
        automated: false,
        sentAt: '2026-11-23T01:02:00.000Z',
        receivedAt: NOW.toISOString(),
      },
    ]);
  });

  test('what stands below a comment belongs to it', () => {
    expect(parse(feed({ comment_id: '1001_5002', parent_id: COMMENT })).events).toMatchObject([
      { externalId: '1001_5002', thread: { conversationId: COMMENT, references: [COMMENT] } },
    ]);
  });

  test('an edit of the same words is the same edit, of others another', () => {
    const edit = (message: string, time: number) =>
      parse({ ...feed({ verb: 'edited', message }), time }).events.map(
        (event) => event.type === 'edit' && event.version,
      );
    expect(edit('a', 1)).toEqual(edit('a', 1));
    expect(edit('a', 1)).not.toEqual(edit('b', 1));
    expect(edit('a', 1)).not.toEqual(edit('a', 2));
    expect(parse(feed({ verb: 'edited' })).events).toMatchObject([
      { type: 'edit', externalId: COMMENT, from: author },
    ]);
  });

  test('a comment that is taken away is a withdrawal', () => {
    expect(parse(feed({ verb: 'remove', message: undefined })).events).toMatchObject([
      { type: 'withdrawal', of: 'message', externalId: COMMENT, from: author },
    ]);
  });

  test('who is not told is nobody else', () => {
    const nameless = parse(feed({ from: undefined }), feed({ from: undefined, comment_id: '1001_5009' }));
    expect(nameless.events.map((event) => event.type === 'message' && event.from.value)).toEqual([
      `comment:${COMMENT}`,
      'comment:1001_5009',
    ]);
  });

  test("a visitor's post and its photographs", () => {
    const post = feed({
      item: 'photo',
      comment_id: undefined,
      parent_id: undefined,
      post_id: `${PAGE}_2002`,
      message: 'Jalan berlubang',
      photos: ['https://scontent.example/v/a.jpg', 'https://scontent.example/v/b.jpg'],
      link: 'https://www.facebook.com/photo/1',
    });
    expect(parse(post).events).toMatchObject([
      {
        externalId: `${PAGE}_2002`,
        text: 'Jalan berlubang',
        thread: { conversationId: `${PAGE}_2002` },
        attachments: [{ name: 'a.jpg' }, { name: 'b.jpg' }],
      },
    ]);
  });

  test.each<[string, object, 'ignored' | 'rejected']>([
    ["the page's own comment", feed({ from: { id: PAGE, name: 'Tabea' } }), 'ignored'],
    ['a like', feed({ item: 'reaction' }), 'ignored'],
    ['a comment that a moderator hid', feed({ verb: 'hide' }), 'ignored'],
    ['another field', { changes: [{ field: 'mention', value: {} }] }, 'ignored'],
    ['a verb unheard of', feed({ verb: 'sing' }), 'rejected'],
    ['a comment without id', feed({ comment_id: undefined }), 'rejected'],
    ['nothing', { changes: [{ field: 'feed' }] }, 'rejected'],
  ])('%s', (_name, entry, where) => {
    const parsed = parse(entry);
    expect(parsed.events).toEqual([]);
    expect(parsed[where]).toHaveLength(1);
  });
});

describe('a batch', () => {
  test('the poison of one leaves the others as they are', () => {
    const good = (n: number) => messaging({ message: { mid: `m_${n}`, text: 'x' } });
    const parsed = parse(
      good(1),
      { messaging: [null, 7, { sender: 1 }] },
      good(2),
      { messaging: 'x' },
      feed({}),
    );
    expect(parsed.events.map((event) => event.externalId)).toEqual(['m_1', 'm_2', COMMENT]);
    expect(parsed.rejected).toHaveLength(4);
  });

  test("another page's entry is kept, not dropped: the configured page may be the wrong one", () => {
    const parsed = parse({ id: '999', ...messaging({ message: { mid: 'm_1', text: 'x' } }) });
    expect(parsed).toMatchObject({
      events: [],
      rejected: [{ reason: expect.stringContaining('another page') }],
    });
  });

  test.each(['[]', '1', 'null', '"x"', '', '{', '['.repeat(100_000)])(
    'a body %.10s is unparsable',
    (body) => {
      const receiver = adapterFor().webhook;
      expect(() => receiver?.parse(webhook(Buffer.from(body)))).toThrow(UnparsableError);
    },
  );

  test.each([{ object: 'instagram', entry: [] }, { object: 'page' }, { object: 'page', entry: {} }])(
    'an object that is nothing of ours is kept: %j',
    (body) => {
      expect(adapterFor().webhook?.parse(webhook(body)).rejected).toHaveLength(1);
    },
  );

  test('a post id is told from a comment id', () => expect(POST.startsWith(`${PAGE}_`)).toBe(true));
});
