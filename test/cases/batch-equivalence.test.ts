import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ingestBatch } from '../../src/cases/ingest.js';
import { caseRules } from '../../src/cases/rules.js';
import { verifyChain, type ChainedEvent } from '../../src/core/case-event.js';
import type { InboundEvent } from '../../src/core/message.js';
import { makeTrackingNumber } from '../../src/core/tracking-number.js';
import { config, openCaseStore, START, type CaseStore } from './support.js';

/** The nth case of a run has the nth of these numbers, so that messages can name it. */
const NUMBERS = Array.from({ length: 60 }, (_, i) => makeTrackingNumber(() => 123_456_789 + i * 7_919));
let made = 0;

let store: CaseStore;
beforeAll(async () => {
  store = await openCaseStore({
    makeNumber: () => NUMBERS[made++] ?? makeTrackingNumber(),
    // So low that every run meets them.
    rules: {
      ...caseRules(config),
      limits: {
        commandsPerHour: 1,
        acknowledgementsPerDay: 2,
        unprovenAcknowledgementsPerDay: 1,
        messagesPerHour: 4,
        ingestAttempts: 3,
      },
    },
  });
});
afterAll(() => store.drop());

interface Step {
  readonly sender: number;
  readonly channel: number;
  readonly minutes: number;
  readonly act:
    | 'plain'
    | 'number'
    | 'reply'
    | 'conversation'
    | 'status'
    | 'STOP'
    | 'MULAI'
    | 'BANTUAN'
    | 'RAHASIA x'
    | 'edit'
    | 'withdraw'
    | 'consent'
    | 'automated';
  readonly about: number;
}

const steps = fc.array(
  fc.record<Step>({
    sender: fc.integer({ min: 0, max: 2 }),
    channel: fc.integer({ min: 0, max: 1 }),
    minutes: fc.constantFrom(0, 1, 30, 61, 4400),
    act: fc.constantFrom(
      'plain',
      'plain',
      'number',
      'reply',
      'reply',
      'conversation',
      'status',
      'STOP',
      'MULAI',
      'BANTUAN',
      'RAHASIA x',
      'edit',
      'withdraw',
      'consent',
      'automated',
    ),
    about: fc.integer({ min: 0, max: 4 }),
  }),
  { minLength: 6, maxLength: 24, size: 'max' },
);

function toEvents(given: readonly Step[]): InboundEvent[] {
  let at = START.getTime();
  return given.map(({ sender, channel, minutes, act, about }, i) => {
    at += minutes * 60_000;
    const base = {
      channelId: ['sms-1708', 'email'][channel] ?? '',
      from: { scheme: 'tel', value: `+62812000000${sender}` },
      receivedAt: new Date(at).toISOString(),
    };
    const externalId = `M${i}`;
    const message = { ...base, type: 'message', externalId, attachments: [], automated: false } as const;
    switch (act) {
      case 'edit':
        return { ...base, type: 'edit', externalId: `M${about}`, version: String(i), text: `versi ${i}` };
      case 'withdraw':
        return { ...base, type: 'withdrawal', of: 'message', externalId: `M${about}` };
      case 'consent':
        return { ...base, type: 'withdrawal', of: 'consent', externalId: `C${i}` };
      case 'number':
        return { ...message, text: `lihat ${NUMBERS[about]}` };
      case 'status':
        return { ...message, text: `CEK ${NUMBERS[about]}` };
      case 'reply':
        return { ...message, text: `balasan ${i}`, thread: { references: [`M${about}`] } };
      case 'conversation':
        return { ...message, text: `obrolan ${i}`, thread: { conversationId: `T${about % 2}` } };
      case 'automated':
        return { ...message, text: 'out of office', automated: true };
      case 'plain':
        return { ...message, text: `keluhan ${i}` };
      default:
        return { ...message, text: act };
    }
  });
}

/** What is in the store, in words that do not depend on ids. */
async function picture() {
  const names = new Map<string, string>();
  for (const row of await store.rows<{ id: string; name: string }>(
    `SELECT id, tracking_number AS name FROM cases UNION ALL SELECT id, event_key FROM inbox
     UNION ALL SELECT o.id, 'answer to ' || i.event_key FROM outbox o JOIN inbox i ON i.id = o.in_reply_to`,
  )) {
    names.set(row.id, row.name);
  }
  const timelines = await store.rows<ChainedEvent & { case_id: string }>(
    'SELECT * FROM case_event ORDER BY case_id, seq',
  );
  const byCase = new Map<string, ChainedEvent[]>();
  for (const event of timelines) byCase.set(event.case_id, [...(byCase.get(event.case_id) ?? []), event]);
  for (const [id, events] of byCase) expect(verifyChain(id, events)).toEqual({ ok: true });
  const named = JSON.stringify({
    cases: await store.rows(
      `SELECT tracking_number, type, status, channel_id, confidentiality, text, flags, due_at, return_to,
         last_inbound_at, event_seq FROM cases ORDER BY tracking_number`,
    ),
    timelines: timelines.map(({ case_id: id, seq, kind, actor, data }) => ({ id, seq, kind, actor, data })),
    messages: await store.rows('SELECT external_id, case_id, text, withdrawn_at FROM message ORDER BY id'),
    outbox: await store.rows(
      'SELECT case_id, channel_id, purpose, text, in_reply_to FROM outbox ORDER BY in_reply_to, text',
    ),
    links: await store.rows('SELECT case_id, other_id FROM case_link ORDER BY case_id, other_id'),
    contacts: await store.rows('SELECT key, opted_out_at IS NOT NULL AS out FROM contact ORDER BY key'),
    inbox: await store.rows('SELECT event_key, state, outcome FROM inbox ORDER BY id'),
  });
  return named.replaceAll(
    /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
    (id) => names.get(id) ?? 'unknown id',
  );
}

async function run(events: readonly InboundEvent[], sizes: readonly number[]) {
  await store.rows(
    'TRUNCATE inbox, message, outbox, note, case_link, contact, reporter, cases, case_event CASCADE',
  );
  made = 0;
  const ids = await store.arrive(...events);
  for (let i = 0, turn = 0; i < ids.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    await ingestBatch(store.services, ids.slice(i, i + size));
    i += size;
  }
  return await picture();
}

test('however messages are cut into batches, the store is the same as if each had come alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.integer({ min: 2, max: 24 }), { minLength: 1, maxLength: 3 }),
      async (given, sizes) => {
        const events = toEvents(given);
        expect(await run(events, sizes)).toBe(await run(events, [1]));
      },
    ),
    // Shrinking on a real database takes minutes; the seed is enough to come back to it.
    { numRuns: 50, endOnFailure: true },
  );
}, 120_000);
