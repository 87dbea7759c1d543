import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ingestBatch } from '../../src/cases/ingest.js';
import { verifyChain, type ChainedEvent } from '../../src/core/case-event.js';
import { makeCaseToken } from '../../src/core/case-token.js';
import { contactKey } from '../../src/core/keys.js';
import type { InboundEvent, InboundMessage } from '../../src/core/message.js';
import { ANI, BUDI, openCaseStore, sms, START, type CaseStore } from './support.js';

let store: CaseStore;
beforeAll(async () => {
  store = await openCaseStore();
});
afterAll(() => store.drop());
beforeEach(async () => {
  await store.rows(
    'TRUNCATE inbox, message, outbox, note, case_link, contact, reporter, cases, case_event, delivery_report CASCADE',
  );
  store.now = START;
  store.jobs.length = 0;
});

async function take(...events: InboundEvent[]) {
  return await ingestBatch(store.services, await store.arrive(...events));
}

interface CaseRow {
  id: string;
  tracking_number: string;
  status: string;
  flags: string[] | null;
  text: string;
  confidentiality: string;
  version: number;
}
const cases = () => store.rows<CaseRow>('SELECT * FROM cases ORDER BY id');
const outbox = () =>
  store.rows<{ id: string; purpose: string; text: string; channel_id: string }>(
    'SELECT * FROM outbox ORDER BY id',
  );
const events = (caseId: string) =>
  store.rows<ChainedEvent>(
    'SELECT seq, kind, actor, at, data, hash FROM case_event WHERE case_id = $1 ORDER BY seq',
    [caseId],
  );

describe('a first message', () => {
  test('becomes one case with number, deadline, event and acknowledgement, and the inbox row is done', async () => {
    const message = sms(ANI, 'ADUAN rahasia Lampu jalan di Sirimau mati');
    const summary = await take(message);
    const [one, ...others] = await store.rows<CaseRow & { due_at: Date; type: string }>(
      'SELECT * FROM cases',
    );
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      status: 'received',
      type: 'complaint',
      confidentiality: 'secret',
      text: 'Lampu jalan di Sirimau mati',
      version: 1,
    });
    // Monday 10:00 in Ambon, five working days on.
    expect(one?.due_at.toISOString().slice(0, 10)).toBe('2026-11-30');
    const [reply] = await outbox();
    expect(reply).toMatchObject({
      purpose: 'received',
      channel_id: 'sms-1708',
      case_id: one?.id,
      state: 'pending',
    });
    expect(reply?.text).toContain(one?.tracking_number);
    expect(reply?.text).toContain('30-11-2026');
    expect(store.jobs).toEqual([{ queue: 'reply.sms-1708', ids: [reply?.id] }]);
    expect(summary.outcomes).toEqual({ case: 1 });
    expect(await store.rows('SELECT state, payload, outcome FROM inbox')).toEqual([
      { state: 'done', payload: null, outcome: 'case' },
    ]);
    expect(await store.rows('SELECT text, external_id FROM message')).toEqual([
      { text: message.text, external_id: message.externalId },
    ]);
    const timeline = await events(one?.id ?? '');
    expect(timeline.map((event) => event.kind)).toEqual(['received']);
    expect(verifyChain(one?.id ?? '', timeline)).toEqual({ ok: true });
    expect(JSON.stringify(timeline)).not.toContain('Lampu');
  });

  test('leaves the address unreadable in the database, and readable through the vault', async () => {
    await take(sms({ ...ANI, name: 'Ani' }, 'Air mati'));
    const [row] = await store.rows<{
      key: Buffer;
      address: Buffer;
      reporter_id: string;
      wrapped_key: Buffer;
    }>('SELECT c.*, r.wrapped_key FROM contact c JOIN reporter r ON r.id = c.reporter_id');
    if (!row) throw new Error('no contact');
    const { vault } = store.services;
    expect(row.address.toString('latin1')).not.toContain('81200000001');
    const key = vault.unwrapKey(row.reporter_id, row.wrapped_key);
    expect(vault.openAddress(key, row.key, row.address)).toEqual({ value: ANI.value, name: 'Ani' });
  });

  test('that tells of an emergency is answered with the number to call and flagged', async () => {
    await take(sms(ANI, 'Ada KEBAKARAN di pasar Mardika'));
    expect((await cases())[0]?.flags).toEqual(['emergency']);
    expect((await outbox())[0]?.text).toContain('112');
  });

  test('with a number that is taken gets another, also in its acknowledgement', async () => {
    await take(sms(ANI, 'Satu'));
    const [first] = await cases();
    const taken = first?.tracking_number ?? '';
    const given = [taken, taken];
    const services = { ...store.services, makeNumber: () => given.pop() ?? store.services.makeNumber() };
    await ingestBatch(services, await store.arrive(sms(BUDI, 'Dua')));
    const [, second] = await cases();
    expect(second?.tracking_number).not.toBe(taken);
    const [, reply] = await outbox();
    expect(reply?.text).toContain(second?.tracking_number);
  });
});

describe('threading, in its order', () => {
  test('the same sender within the hour goes on; later it is a new case; on another channel too', async () => {
    await take(sms(ANI, 'Lampu mati'));
    await take(sms(ANI, 'di depan sekolah', 59));
    expect(await cases()).toHaveLength(1);
    await take(sms(ANI, 'Sampah menumpuk', 59 + 61));
    await take(sms(ANI, 'Air mati', 59 + 62, { channelId: 'sms-08114706999' }));
    expect(await cases()).toHaveLength(3);
    expect(await outbox()).toHaveLength(3);
  });

  test("a stranger's number opens a linked case; the sender's own joins, however late", async () => {
    await take(sms(ANI, 'Lampu mati'));
    const [own] = await cases();
    await take(sms(BUDI, `Saya juga, lihat ${own?.tracking_number}`, 1));
    const [, linked] = await cases();
    expect(linked?.flags).toEqual(['linked']);
    expect(await store.rows('SELECT case_id, other_id FROM case_link')).toEqual([
      { case_id: linked?.id, other_id: own?.id },
    ]);
    await take(sms(ANI, `Tentang ${own?.tracking_number}: masih mati`, 6000));
    expect(await cases()).toHaveLength(2);
    expect((await events(own?.id ?? '')).map((event) => event.data)).toMatchObject([{}, { why: 'number' }]);
  });

  test("the provider's thread comes before the number, a token of ours before both", async () => {
    const first = sms(ANI, 'Satu', 0, { channelId: 'email' });
    const second = sms(ANI, 'Dua', 100, { channelId: 'email' });
    await take(first);
    await take(second);
    const [one, two] = await cases();
    await take(
      sms(ANI, `nomor ${two?.tracking_number}`, 5000, {
        channelId: 'email',
        thread: { references: [first.externalId] },
      }),
    );
    expect((await events(one?.id ?? '')).at(-1)?.data).toMatchObject({ why: 'thread' });
    const caseToken = makeCaseToken(store.services.keys, two?.tracking_number ?? '');
    await take(
      sms(BUDI, 'Balasan', 5001, {
        channelId: 'email',
        thread: { references: [first.externalId], caseToken },
      }),
    );
    expect((await events(two?.id ?? '')).at(-1)?.data).toMatchObject({ why: 'token' });
    expect(await cases()).toHaveLength(2);
  });

  test('references find our replies, mails whose id carries a content hash, and conversations', async () => {
    const email = { channelId: 'email' };
    await take(
      sms(ANI, 'Satu', 0, { ...email, externalId: '<a@example>:0123abcd', thread: { conversationId: 'c1' } }),
    );
    await store.rows(`UPDATE outbox SET external_id = '<ack@example>'`);
    await take(sms(ANI, 'lewat hash', 5000, { ...email, thread: { references: ['<a@example>'] } }));
    await take(sms(ANI, 'lewat jawaban', 9000, { ...email, thread: { references: ['<ack@example>'] } }));
    await take(sms(ANI, 'lewat percakapan', 13000, { ...email, thread: { conversationId: 'c1' } }));
    const [one, ...others] = await cases();
    expect(others).toEqual([]);
    await take(sms(BUDI, 'orang lain', 13001, { ...email, thread: { conversationId: 'c1' } }));
    expect(await store.rows('SELECT other_id FROM case_link')).toEqual([{ other_id: one?.id }]);
    expect(await cases()).toHaveLength(2);
  });

  test('an answer to request-info takes the case back to where it was', async () => {
    await take(sms(ANI, 'Lampu mati'));
    await store.rows(`UPDATE cases SET status = 'awaiting_info', return_to = 'in_progress'`);
    await take(sms(ANI, 'out of office', 4000, { automated: true }));
    expect((await cases())[0]?.status).toBe('awaiting_info');
    await take(sms(ANI, 'Di Jalan Pattimura', 5000));
    const [one] = await cases();
    expect(one).toMatchObject({ status: 'in_progress', return_to: null });
    const timeline = await events(one?.id ?? '');
    expect(timeline.map((event) => event.kind)).toEqual(['received', 'message_in', 'message_in', 'moved']);
    expect(verifyChain(one?.id ?? '', timeline)).toEqual({ ok: true });
  });

  test('within 72 hours after a person wrote, not after the machine did', async () => {
    await take(sms(ANI, 'Lampu mati'));
    await store.rows(`UPDATE cases SET last_answer_at = $1`, [START]);
    await take(sms(ANI, 'Terima kasih', 71 * 60));
    expect(await cases()).toHaveLength(1);
  });
});

describe('commands', () => {
  test('STATUS tells the owner more than a stranger, and strangers nothing but the status', async () => {
    await take(sms(ANI, 'Lampu mati'));
    const [one] = await cases();
    await store.rows(`UPDATE cases SET opd_id = 'dinas-pupr', status = 'dispositioned'`);
    await take(sms(ANI, `cek ${one?.tracking_number}`, 1));
    await take(sms(BUDI, `STATUS ${one?.tracking_number}`, 2));
    await take(sms(BUDI, 'STATUS 1234567890', 3));
    const mistyped = `${one?.tracking_number.slice(0, 9)}${(Number(one?.tracking_number[9]) + 1) % 10}`;
    await take(sms(BUDI, `STATUS ${mistyped}`, 4));
    await take(sms(BUDI, 'STATUS 5555555559', 5));
    const texts = (await outbox()).slice(1).map((row) => row.text);
    expect(texts[0]).toContain('Dinas PUPR');
    expect(texts[1]).toBe(`Laporan ${one?.tracking_number}: Didisposisikan.`);
    expect(texts[3]).toContain('salah ketik');
    expect(await cases()).toHaveLength(1);
    expect(await store.rows('SELECT count(*)::int AS n FROM message WHERE case_id IS NULL')).toEqual([
      { n: 5 },
    ]);
  });

  test('are answered five times an hour, then stored in silence', async () => {
    for (let i = 0; i < 7; i++) await take(sms(ANI, 'BANTUAN', 0));
    expect(await outbox()).toHaveLength(5);
    store.now = new Date(START.getTime() + 61 * 60_000);
    await take(sms(ANI, 'BANTUAN', 61));
    expect(await outbox()).toHaveLength(6);
  });

  test('STOP is confirmed once; a complaint after it opens a silent case; START lifts it', async () => {
    await take(sms(ANI, 'STOP'), sms(ANI, 'Stop'));
    expect((await outbox()).map((row) => row.purpose)).toEqual(['command']);
    await take(sms(ANI, 'Lampu mati', 1));
    expect(await outbox()).toHaveLength(1);
    const [one] = await cases();
    expect((await events(one?.id ?? ''))[0]?.data).toMatchObject({ silence: 'opted_out', reply: null });
    await take(sms(ANI, 'MULAI', 2));
    expect(await outbox()).toHaveLength(2);
    expect(await store.rows('SELECT opted_out_at FROM contact')).toEqual([{ opted_out_at: null }]);
  });

  test('a consent withdrawn at the provider opts out, also a sender never seen before', async () => {
    await take({
      type: 'withdrawal',
      of: 'consent',
      channelId: 'sms-1708',
      externalId: 'W1',
      from: ANI,
      receivedAt: START.toISOString(),
    });
    await take(sms(ANI, 'Lampu mati'));
    expect(await outbox()).toEqual([]);
    expect(await cases()).toHaveLength(1);
  });
});

describe('floods and machines', () => {
  test('5,000 messages of one sender: all stored, one case, one acknowledgement, flagged', async () => {
    await take(...Array.from({ length: 5000 }, (_, i) => sms(ANI, `pesan ${i}`)));
    expect(await store.rows('SELECT count(*)::int AS n FROM message')).toEqual([{ n: 5000 }]);
    const [one, ...others] = await cases();
    expect(others).toEqual([]);
    expect(one?.flags).toEqual(['flood']);
    expect(await outbox()).toHaveLength(1);
    expect(verifyChain(one?.id ?? '', await events(one?.id ?? ''))).toEqual({ ok: true });
  }, 60_000);

  test('flags that a case gets later in its first batch do not change the event that opened it', async () => {
    await take(...Array.from({ length: 25 }, (_, i) => sms(ANI, `kebakaran ${i}`)));
    const [one] = await cases();
    expect(one?.flags).toEqual(['emergency', 'flood']);
    const timeline = await events(one?.id ?? '');
    expect(timeline[0]?.data).toMatchObject({ flags: ['emergency'] });
    expect(verifyChain(one?.id ?? '', timeline)).toEqual({ ok: true });
  });

  test('one sender who opens case after case is not acknowledged without end', async () => {
    await take(sms(BUDI, 'Lampu mati'));
    const [stranger] = await cases();
    for (let i = 0; i < 30; i++) await take(sms(ANI, `lihat ${stranger?.tracking_number}`));
    expect(await cases()).toHaveLength(31);
    expect((await outbox()).length).toBeLessThanOrEqual(21);
    const [last] = (await cases()).slice(-1);
    expect(last?.flags).toEqual(['linked', 'flood']);
  });

  test('an automated message is stored and flagged and gets no reply, whatever it says', async () => {
    await take(sms(ANI, 'STOP', 0, { automated: true }));
    expect((await cases())[0]?.flags).toEqual(['automated']);
    expect(await outbox()).toEqual([]);
    expect(await store.rows('SELECT opted_out_at FROM contact')).toEqual([{ opted_out_at: null }]);
  });
});

describe('a sender whom the channel cannot vouch for', () => {
  const CITIZEN = { scheme: 'mailto', value: 'ani@surel.example' };
  const OTHER = { scheme: 'mailto', value: 'budi@surel.example' };
  const mail = (text: string, at = 0, more: Partial<InboundMessage> = {}, from = CITIZEN) =>
    sms(from, text, at, { channelId: 'email', unproven: true, ...more });
  const isOptedOut = async () =>
    (await store.rows<{ out: boolean }>('SELECT bool_or(opted_out_at IS NOT NULL) AS out FROM contact'))[0]
      ?.out;
  const tokenOf = (number = '') => ({ caseToken: makeCaseToken(store.services.keys, number) });

  test('cannot be silenced in his name: STOP is a message like any other, also with the token of a stranger', async () => {
    await take(mail('Lampu mati'));
    await take(mail('Sampah', 0, {}, OTHER));
    const [own, strangers] = await cases();
    await take(mail('STOP', 1));
    expect(await isOptedOut()).toBe(false);
    expect((await events(own?.id ?? '')).map((event) => event.kind)).toEqual(['received', 'message_in']);
    await take(mail('STOP', 2, { thread: tokenOf(strangers?.tracking_number) }));
    await take(mail('STOP', 3, { thread: { caseToken: `${own?.tracking_number}-${'0'.repeat(20)}` } }));
    expect(await isOptedOut()).toBe(false);
    expect((await outbox()).map((row) => row.purpose)).toEqual(['received', 'received']);
  });

  test('is heard on the thread of his own case', async () => {
    await take(mail('Lampu mati'));
    const [own] = await cases();
    await take(mail('STOP', 1, { thread: tokenOf(own?.tracking_number) }));
    expect(await isOptedOut()).toBe(true);
    await take(mail('MULAI', 2));
    expect(await isOptedOut()).toBe(true);
    await take(mail('MULAI', 3, { thread: tokenOf(own?.tracking_number) }));
    expect(await isOptedOut()).toBe(false);
  });

  test('may ask', async () => {
    await take(mail('Lampu mati'));
    const [own] = await cases();
    await take(mail(`CEK ${own?.tracking_number}`, 1), mail('BANTUAN', 2));
    expect((await outbox()).map((row) => row.purpose)).toEqual(['received', 'command', 'command']);
    expect(await cases()).toHaveLength(1);
  });

  test('a responder without a header that writes again every 61 minutes hears three times a day', async () => {
    const acknowledgedAt: number[] = [];
    for (let minutes = 0; minutes < 3 * 24 * 60; minutes += 61) {
      store.now = new Date(START.getTime() + minutes * 60_000);
      const before = (await outbox()).length;
      await take(mail('Saya sedang tidak di kantor', minutes));
      if ((await outbox()).length > before) acknowledgedAt.push(minutes);
    }
    expect(acknowledgedAt).toHaveLength(9);
    const inADay = acknowledgedAt.map(
      (from) => acknowledgedAt.filter((at) => at >= from && at < from + 24 * 60).length,
    );
    expect(Math.max(...inADay)).toBe(3);
    const [last] = (await cases()).slice(-1);
    expect((await events(last?.id ?? ''))[0]?.data).toMatchObject({ silence: 'flood', reply: null });
  });

  test('a proven sender keeps his limit, and old mail that is read today counts as of today', async () => {
    for (let i = 0; i < 5; i++) await take(sms(ANI, `Satu ${i}`, i * 61));
    expect(await outbox()).toHaveLength(5);
    store.now = new Date(START.getTime() + 2 * 24 * 60 * 60_000);
    for (let i = 0; i < 5; i++) await take(mail(`Lama ${i}`, i * 61));
    expect(await outbox()).toHaveLength(8);
  });
});

describe('what arrived days ago', () => {
  const DAYS = 24 * 60;

  test('is a case like any other, and the machine writes to nobody about it', async () => {
    store.now = new Date(START.getTime() + 3 * DAYS * 60_000 + 1);
    await take(sms(ANI, 'Lampu mati'), sms(BUDI, 'BANTUAN'));
    const [one, ...others] = await cases();
    expect(others).toEqual([]);
    expect((await events(one?.id ?? ''))[0]?.data).toMatchObject({ silence: 'late', reply: null });
    expect(one?.flags).toBeNull();
    expect(await outbox()).toEqual([]);
  });

  test('is answered until the third day is over', async () => {
    store.now = new Date(START.getTime() + 3 * DAYS * 60_000);
    await take(sms(ANI, 'Lampu mati'));
    expect(await outbox()).toHaveLength(1);
  });

  test('its STOP holds, unconfirmed', async () => {
    store.now = new Date(START.getTime() + 4 * DAYS * 60_000);
    await take(sms(ANI, 'STOP'));
    expect(await outbox()).toEqual([]);
    await take(sms(ANI, 'Lampu mati', 4 * DAYS));
    expect(await outbox()).toEqual([]);
  });
});

describe('corrections', () => {
  const edit = (from = ANI, text = 'Lampu hidup lagi', externalId = 'F1') =>
    ({
      type: 'edit',
      channelId: 'facebook',
      externalId,
      version: '2',
      from,
      text,
      receivedAt: START.toISOString(),
    }) as const;
  const withdrawal = (from = ANI) =>
    ({
      type: 'withdrawal',
      of: 'message',
      channelId: 'facebook',
      externalId: 'F1',
      from,
      receivedAt: START.toISOString(),
    }) as const;
  const post = () => sms(ANI, 'Lampu mati', 0, { channelId: 'facebook', externalId: 'F1' });

  test('an edit in the same batch or later replaces the words of message and case, with an event', async () => {
    await take(post(), edit());
    const [one] = await cases();
    expect(one?.text).toBe('Lampu hidup lagi');
    expect(await store.rows('SELECT text FROM message')).toEqual([{ text: 'Lampu hidup lagi' }]);
    const timeline = await events(one?.id ?? '');
    expect(timeline.map((event) => event.kind)).toEqual(['received', 'message_edited']);
    expect(verifyChain(one?.id ?? '', timeline)).toEqual({ ok: true });
  });

  test("only its author's; and what was taken back stays so", async () => {
    await take(post());
    await take(edit(BUDI));
    expect((await cases())[0]?.text).toBe('Lampu mati');
    await take(withdrawal());
    await take({ ...edit(), version: '3' });
    expect((await cases())[0]?.text).toBe('');
    expect(await store.rows('SELECT text, withdrawn_at IS NOT NULL AS gone FROM message')).toEqual([
      { text: '', gone: true },
    ]);
  });

  test('quoted history and the HTML are kept beside the words, and go with them', async () => {
    const html = 'a'.repeat(64);
    const mail = sms(ANI, 'Lampu mati', 0, {
      channelId: 'facebook',
      externalId: 'F1',
      quoted: '> ya\n',
      html,
    });
    await take(mail);
    const kept = 'SELECT quoted, html FROM message';
    expect(await store.rows(kept)).toEqual([{ quoted: '> ya\n', html }]);
    await take(withdrawal());
    expect(await store.rows(kept)).toEqual([{ quoted: null, html: null }]);
  });

  test('an edit of a message that never came is a message', async () => {
    await take(edit());
    expect((await cases())[0]?.text).toBe('Lampu hidup lagi');
  });
});

describe('faults', () => {
  test('ten inbox ids of one delivery, and two batches at once, make one case', async () => {
    const message = sms(ANI, 'Lampu mati');
    const ids = await store.arrive(message, message, message);
    expect(ids).toHaveLength(1);
    await Promise.all([1, 2, 3, 4].map(() => ingestBatch(store.services, [...ids, ...ids])));
    expect(await cases()).toHaveLength(1);
    expect(await outbox()).toHaveLength(1);
  });

  test('fault 11: two workers, two first messages of one sender: one contact, one case', async () => {
    for (let round = 0; round < 20; round++) {
      const from = { scheme: 'tel', value: `+62812000010${String(round).padStart(2, '0')}` };
      const [a] = await store.arrive(sms(from, 'Lampu mati'));
      const [b] = await store.arrive(sms(from, 'di Sirimau'));
      await Promise.all([ingestBatch(store.services, [a ?? '']), ingestBatch(store.services, [b ?? ''])]);
      const key = contactKey(store.services.keys, from);
      expect(await store.rows('SELECT count(*)::int AS n FROM cases WHERE contact_key = $1', [key])).toEqual([
        { n: 1 },
      ]);
      expect(
        await store.rows('SELECT count(*)::int AS n FROM message WHERE contact_key = $1', [key]),
      ).toEqual([{ n: 2 }]);
    }
    expect(await store.rows('SELECT count(*)::int AS n FROM reporter')).toEqual([{ n: 20 }]);
  });

  test('a poisoned message goes to quarantine after three attempts; the other 99 are taken in', async () => {
    const many = Array.from({ length: 99 }, (_, i) =>
      sms({ scheme: 'tel', value: `+628120001${i}` }, `pesan ${i}`),
    );
    const ids = await store.arrive(...many.slice(0, 40), sms(BUDI, 'racun pribadi'), ...many.slice(40));
    await store.rows(
      `UPDATE inbox SET payload = payload #- '{from,scheme}' || '{"text": null}' WHERE id = $1`,
      [ids[40]],
    );
    const summary = await ingestBatch(store.services, ids);
    expect(summary.outcomes).toEqual({ case: 99, failed: 1 });
    await ingestBatch(store.services, ids);
    expect((await ingestBatch(store.services, ids)).outcomes).toEqual({ poison: 1 });
    expect(await store.rows('SELECT kind, reason, inbox_id FROM quarantine')).toEqual([
      { kind: 'poison', reason: 'ingest:undecidable', inbox_id: ids[40] },
    ]);
    expect(await cases()).toHaveLength(99);
    expect(store.log.join()).not.toMatch(/racun|\+628/);
  });

  test('a message that PostgreSQL refuses is isolated too', async () => {
    await store.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.text = 'racun' THEN RAISE EXCEPTION 'no' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$`);
    await store.rows('CREATE TRIGGER refuse BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION refuse()');
    try {
      const summary = await take(sms(ANI, 'satu'), sms(BUDI, 'racun'), sms(ANI, 'dua'));
      expect(summary.outcomes).toEqual({ case: 1, joined: 1, failed: 1 });
    } finally {
      await store.rows('DROP TRIGGER refuse ON message');
      await store.rows('DROP FUNCTION refuse');
    }
  });

  test('a lost connection is no poison: it is thrown, and the message stays new', async () => {
    const ids = await store.arrive(sms(ANI, 'satu'));
    const database = {
      ...store.services.database,
      transaction: () => Promise.reject(new Error('Connection terminated')),
    };
    await expect(ingestBatch({ ...store.services, database }, ids)).rejects.toThrow('Connection terminated');
    expect(await store.rows('SELECT state, attempts FROM inbox')).toEqual([{ state: 'new', attempts: 0 }]);
  });

  test('an absurd time of the sender is left out', async () => {
    await take(
      sms(ANI, 'satu', 0, { sentAt: 'kemarin' }),
      sms(BUDI, 'dua', 0, { sentAt: '+275760-09-12T00:00:00Z' }),
    );
    expect(await store.rows('SELECT sent_at FROM message')).toEqual([{ sent_at: null }, { sent_at: null }]);
  });
});
