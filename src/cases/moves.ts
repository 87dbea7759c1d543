/** People move cases on: what the table of the procedure allows, with its event and what the reporter is told. */
import { newId } from '../core/ids.js';
import {
  decideMove,
  type MoveDecision,
  type MoveField,
  type MoveRefusalCode,
  type TellKey,
} from '../core/case-life.js';
import { dueAt, toShortDate } from '../core/working-time.js';
import type { Queryable } from '../db/database.js';
import { enqueueReplies } from '../replies/enqueue.js';
import { insertOutbox, type OutboxDraft, type OutboxEntry, type OutboxFile } from '../replies/outbox.js';
import { insertEvents, lockCase, record, updateCases, type CaseState } from './case-state.js';
import { notifyChanges } from './coordination.js';
import { maySeeCase, type Viewer } from './policy.js';
import { getCase } from './queries.js';
import { refusalOfFiles, type FileRefusalCode } from './reply-files.js';
import { replySubject } from './reply-subject.js';
import type { CaseServices } from './services.js';
import type { CaseView } from './views.js';

/** `not_found` also where the actor may not see the case; `version`: somebody else changed it meanwhile. */
export type RefusalCode =
  | MoveRefusalCode
  | FileRefusalCode
  | 'not_found'
  | 'unknown_opd'
  | 'version'
  | 'not_conveyed'
  | 'cannot_reply';

/** The move is not made. The message is for the API: no citizen's text. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
  readonly code: RefusalCode;
  /** With `missing_field`, `unknown_opd` and what is wrong with files. */
  readonly field: MoveField | 'attachments' | undefined;

  constructor(code: RefusalCode, message: string, field?: MoveField | 'attachments') {
    super(message);
    this.code = code;
    this.field = field;
  }
}

export type MoveFields = Readonly<Partial<Record<MoveField, string | undefined>>>;

export interface MoveOptions {
  /** Version of the case that the actor looked at (its ETag). */
  readonly ifVersion?: number;
  /** They go along with the answer; in the blob store already. */
  readonly files?: readonly OutboxFile[];
}

/** Throws MoveRefused where these files cannot go along with that move on that channel. */
export function demandFilesFit(
  { channels }: Pick<CaseServices, 'channels'>,
  channelId: string,
  action: string,
  files: readonly { readonly size: number }[],
): void {
  const refusal = refusalOfFiles(channels.get(channelId), action, files);
  if (refusal !== null) throw new MoveRefused(refusal.code, refusal.message, 'attachments');
}

/** Makes a move; the same move again is refused by the table. Throws MoveRefused. */
export async function move(
  services: CaseServices,
  trackingNumber: string,
  action: string,
  fields: MoveFields,
  actor: Viewer,
  options: MoveOptions = {},
): Promise<CaseView> {
  const entries = await services.database.transaction(async (client) => {
    const state = await lockCase(client, trackingNumber);
    if (!state || !maySeeCase(actor, state)) throw new MoveRefused('not_found', 'There is no such case.');
    if (options.ifVersion !== undefined && options.ifVersion !== state.version) {
      throw new MoveRefused('version', 'The case was changed by somebody else in the meantime.');
    }
    const decision = decideMove(services.rules.moves, {
      status: state.status,
      action,
      role: actor.role,
      fields,
      hasOpd: state.opdId !== null,
    });
    if (!decision.ok) throw new MoveRefused(decision.code, decision.message, decision.field);
    const { files = [] } = options;
    demandFilesFit(services, state.channelId, action, files);
    return await carryOut(client, services, state, decision, { ...fields, files }, actor);
  });
  await enqueueReplies(services.queue, services.channels, entries);
  const moved = await getCase(services, trackingNumber, actor);
  if (!moved) throw new MoveRefused('not_found', 'There is no such case.');
  return moved;
}

type Allowed = Extract<MoveDecision, { ok: true }>;

async function carryOut(
  client: Queryable,
  services: CaseServices,
  state: CaseState,
  decision: Allowed,
  { files, ...fields }: MoveFields & { readonly files: readonly OutboxFile[] },
  actor: Viewer,
): Promise<OutboxEntry[]> {
  const { rules } = services;
  const now = services.clock.now();
  const from = state.status;
  const opd = decision.action === 'dispose' ? fields.opd?.trim() : undefined;
  if (opd !== undefined && rules.opdName(opd) === undefined) {
    throw new MoveRefused('unknown_opd', 'There is no such OPD.', 'opd');
  }
  state.status = decision.to;
  state.returnTo = decision.returnTo;
  if (opd !== undefined) state.opdId = opd;
  if (decision.to === 'reopened') state.dueAt = dueAt(rules.calendar, now, rules.promisedDays);
  state.flags = state.flags.filter((flag) => flag !== 'new_message');

  const noteId = await insertNote(client, state, fields.note, actor, now);
  const draft = await tell(client, services, state, decision.tell, fields, now);
  if (draft && !draft.automated) state.lastAnswerAt = now;
  record(state, 'moved', actor.actorId, now, {
    action: decision.action,
    from,
    to: decision.to,
    step: decision.step,
    ...(noteId === null ? {} : { note: noteId }),
    ...(opd === undefined ? {} : { opd }),
    ...(draft === null ? {} : { reply: draft.id }),
    ...(files.length === 0 ? {} : { files: files.length }),
  });
  await updateCases(client, [state]);
  await insertEvents(client, [state]);
  const entries = draft === null ? [] : await insertOutbox(client, [{ ...draft, files }]);
  await notifyChanges(client, [state.id]);
  return entries;
}

/** Words go into a row that an erasure can delete; the event refers to it. */
async function insertNote(
  client: Queryable,
  state: CaseState,
  text: string | undefined,
  actor: Viewer,
  now: Date,
): Promise<string | null> {
  if (text === undefined || text.trim() === '') return null;
  const id = newId();
  await client.query('INSERT INTO note (id, case_id, author, text, created_at) VALUES ($1, $2, $3, $4, $5)', [
    id,
    state.id,
    actor.actorId,
    text.trim(),
    now.toISOString(),
  ]);
  return id;
}

/** These carry a person's words; the others are said by the machine. */
const PERSONAL: ReadonlySet<TellKey> = new Set(['answered', 'rejected', 'request_info']);

/** What the reporter is told; null for nothing. */
export async function tell(
  client: Queryable,
  services: CaseServices,
  state: CaseState,
  key: TellKey | null,
  fields: MoveFields,
  now: Date,
): Promise<(OutboxDraft & { readonly id: string }) | null> {
  if (key === null) return null;
  const automated = !PERSONAL.has(key);
  // A machine that wrote to us is never answered by a machine, nor is who has said STOP.
  if (automated && (state.flags.includes('automated') || !(await mayBeTold(client, state)))) return null;
  const last = await lastMessage(client, state);
  return {
    id: newId(),
    caseId: state.id,
    channelId: state.channelId,
    contactKey: state.contactKey,
    purpose: key,
    automated,
    subject: replySubject(last?.subject ?? state.subject ?? undefined),
    text: render(services, state, key, fields, now),
    inReplyTo: last?.id ?? null,
    at: now,
  };
}

async function mayBeTold(client: Queryable, state: CaseState): Promise<boolean> {
  if (state.contactKey === null) return false;
  const { rowCount } = await client.query('SELECT 1 FROM contact WHERE key = $1 AND opted_out_at IS NULL', [
    state.contactKey,
  ]);
  return rowCount === 1;
}

/** The reporter's last message on the channel of the case: what the reply answers. */
async function lastMessage(
  client: Queryable,
  state: CaseState,
): Promise<{ id: string; subject: string | null } | undefined> {
  const { rows } = await client.query<{ id: string; subject: string | null }>(
    `SELECT id, subject FROM message
     WHERE case_id = $1 AND channel_id = $2 AND contact_key = $3 AND NOT automated AND withdrawn_at IS NULL
     ORDER BY id DESC LIMIT 1`,
    [state.id, state.channelId, state.contactKey],
  );
  return rows[0];
}

const DAY_MS = 86_400_000;

function render(
  { texts, rules }: CaseServices,
  state: CaseState,
  key: TellKey,
  fields: MoveFields,
  now: Date,
): string {
  const number = state.trackingNumber;
  const due = toShortDate(state.dueAt, rules.calendar);
  const until = toShortDate(new Date(now.getTime() + rules.objectionDays * DAY_MS), rules.calendar);
  const note = fields.note?.trim() ?? '';
  switch (key) {
    case 'received':
      return texts.format('received', { number, due });
    case 'disposed':
      return texts.format('disposed', { number, due, opd: rules.opdName(state.opdId ?? '') ?? '-' });
    case 'answered':
      return texts.format('answered', { number, reply: fields.reply?.trim() ?? '' });
    case 'rejected':
      return texts.format('rejected', { number, note, until });
    case 'closed':
      return texts.format('closed', { number, until });
    case 'request_info':
      return texts.format('request_info', { number, note });
    case 'reopened':
      return texts.format('reopened', { number, due });
  }
}
