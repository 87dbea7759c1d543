/** The reporter does not accept how his case ended: he answers with its number, as he was told, and it is open again. */
import { newId } from '../core/ids.js';
import { statusAfterObjection } from '../core/case-life.js';
import { dueAt, toShortDate } from '../core/working-time.js';
import { record, type CaseState } from './case-state.js';
import { isLate, type ContactState, type IngestWorld, type Sent } from './ingest-world.js';
import { replySubject } from './reply-subject.js';
import type { CaseServices } from './services.js';

const DAY_MS = 86_400_000;

/** His message names the number of the case, within the time that he was given. */
export function isObjection(
  { rules }: CaseServices,
  world: IngestWorld,
  { numbers, receivedAt }: Sent,
  state: CaseState,
): boolean {
  const endedAt = world.movedAt.get(state.id);
  if (endedAt === undefined || !numbers.includes(state.trackingNumber)) return false;
  if (statusAfterObjection(rules.moves, state.status) === null) return false;
  return receivedAt.getTime() - endedAt.getTime() <= rules.objectionDays * DAY_MS;
}

/** Takes the case back into work with a new deadline, and says so. */
export function objectTo(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  sent: Sent,
  state: CaseState,
): void {
  const { rules, texts } = services;
  const to = statusAfterObjection(rules.moves, state.status);
  if (to === null) return;
  const isFlood = contact.counts.written >= rules.limits.messagesPerHour;
  const told = contact.optedOutAt === null && !isFlood && !isLate(world, sent);
  const reply = told ? newId() : null;
  record(state, 'moved', 'reporter', world.now, { action: 'object', from: state.status, to, reply });
  state.status = to;
  state.dueAt = dueAt(rules.calendar, sent.receivedAt, rules.promisedDays);
  if (reply === null) return;
  world.replies.push({
    id: reply,
    caseId: state.id,
    channelId: sent.event.channelId,
    contactKey: contact.key,
    purpose: 'reopened',
    automated: true,
    subject: replySubject(sent.event.subject),
    inReplyTo: sent.id,
    at: world.now,
    render: () =>
      texts.format('reopened', {
        number: state.trackingNumber,
        due: toShortDate(state.dueAt, rules.calendar),
      }),
  });
}
