/** What becomes of one message: a command, a part of a case, or a new case. Pure but for the world it is given. */
import { newId } from '../core/ids.js';
import { statusAfterReporterAnswer, type Confidentiality } from '../core/case-life.js';
import { readCaseToken } from '../core/case-token.js';
import { parseCommand, parseComplaint, type Command } from '../core/commands.js';
import type { Address, InboundMessage } from '../core/message.js';
import { decideThread, type JoinReason, type PointedCase, type ThreadDecision } from '../core/threading.js';
import { findTrackingNumbers } from '../core/tracking-number.js';
import { dueAt, toShortDate } from '../core/working-time.js';
import { record, setFlag, type CaseState } from './case-state.js';
import { confidentialityOf, stricter } from './confidentiality.js';
import { answerCommand } from './ingest-command.js';
import { isObjection, objectTo } from './ingest-objection.js';
import { referencesOf } from './ingest-facts.js';
import {
  isLate,
  isOwn,
  messageDraft,
  type ContactState,
  type IngestWorld,
  type Sent,
} from './ingest-world.js';
import { replySubject } from './reply-subject.js';
import type { CaseServices } from './services.js';

const NUMBERS_AT_MOST = 20;

/** Reads a message at first sight. */
export function toSent(id: string, contactKey: Buffer, receivedAt: Date, event: InboundMessage): Sent {
  const text = event.subject === undefined ? event.text : `${event.subject}\n${event.text}`;
  const numbers = findTrackingNumbers(text).flatMap((found) => (found.valid ? [found.number] : []));
  return {
    id,
    contactKey,
    receivedAt,
    event,
    // A machine's STOP is not a citizen's, and nothing that a machine says is ever answered.
    command: event.automated ? null : parseCommand(event.text),
    numbers: numbers.slice(0, NUMBERS_AT_MOST),
  };
}

/** Takes one message in; everything that follows from it is in the world afterwards. */
export function takeMessage(services: CaseServices, world: IngestWorld, sent: Sent): void {
  const contact = contactOf(services, world, sent.contactKey, sent.event.from);
  if (sent.command && mayCommand(services, world, contact, sent, sent.command)) {
    answerCommand(services, world, contact, sent, sent.command);
    return;
  }
  const decision = decideThread(factsOf(services, world, contact, sent), services.rules.threading);
  const joined = decision.kind === 'join' ? world.cases.get(decision.caseId) : undefined;
  const state = joined ?? openCase(services, world, contact, sent, decision);
  if (joined && decision.kind === 'join') joinCase(services, world, contact, sent, joined, decision.why);
  contact.counts.written += 1;
  remember(world, sent, state);
}

/**
 * Anybody could silence a citizen by a mail in his name, or have him written to again: where the channel cannot
 * vouch for the sender, STOP and START are commands only on the thread of a case of his own. What a question
 * is answered goes to the true owner of the address, and tells no more than anybody may know.
 */
function mayCommand(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  { event }: Sent,
  { kind }: Command,
): boolean {
  if (event.unproven !== true || (kind !== 'stop' && kind !== 'start')) return true;
  const shown = caseOfToken(services, world, event);
  return shown !== undefined && isOwn(shown, contact);
}

/** The case whose token, issued by us, the message carries. */
function caseOfToken(services: CaseServices, world: IngestWorld, { thread }: InboundMessage) {
  const number = thread?.caseToken === undefined ? null : readCaseToken(services.keys, thread.caseToken);
  return number === null ? undefined : world.caseByNumber(number);
}

/** The sender, with a reporter of his own where he is not known yet. */
export function contactOf(
  services: CaseServices,
  world: IngestWorld,
  contactKey: Buffer,
  from: Address,
): ContactState {
  const known = world.contact(contactKey);
  if (known) return known;
  const reporterKey = services.vault.createKey(newId());
  const sealed = services.vault.sealAddress(reporterKey, contactKey, from);
  const contact: ContactState = {
    key: contactKey,
    reporterId: reporterKey.reporterId,
    optedOutAt: null,
    optOutChanged: false,
    fresh: { scheme: from.scheme, sealed, reporterKey },
    counts: { acknowledged: 0, written: 0, commands: 0 },
  };
  world.addContact(contact);
  return contact;
}

function factsOf(services: CaseServices, world: IngestWorld, contact: ContactState, sent: Sent) {
  const { channelId, thread } = sent.event;
  const point = (state: CaseState): PointedCase => ({
    caseId: state.id,
    own: isOwn(state, contact),
    archived: state.status === 'archived',
  });
  const byToken = caseOfToken(services, world, sent.event);
  const byThread = [
    ...referencesOf(sent.event).flatMap((reference) => world.caseByReference(channelId, reference) ?? []),
    ...(thread?.conversationId === undefined
      ? []
      : world.casesByConversation(channelId, thread.conversationId, contact.key)),
  ];
  const newest = world.newestOpen(contact.key, channelId);
  return {
    receivedAt: sent.receivedAt,
    byToken: byToken ? point(byToken) : null,
    byThread: byThread.map(point),
    byNumber: sent.numbers.flatMap((named) => world.caseByNumber(named) ?? []).map(point),
    newest: newest && {
      caseId: newest.id,
      awaitingInfo: newest.status === 'awaiting_info',
      reporterWroteAt: newest.lastInboundAt,
      personWroteAt: newest.lastAnswerAt,
    },
  };
}

function joinCase(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  sent: Sent,
  state: CaseState,
  why: JoinReason,
): void {
  const { automated } = sent.event;
  const flooding = isFlooding(services, contact) && setFlag(state, 'flood');
  record(state, 'message_in', 'reporter', world.now, {
    message: sent.id,
    why,
    ...(automated ? { automated } : {}),
    ...(flooding ? { flag: 'flood' } : {}),
  });
  world.touch(state);
  world.outcomes.push({ id: sent.id, outcome: 'joined' });
  // An out-of-office note is neither an answer nor a sign that the reporter goes on writing.
  if (automated) return;
  state.lastInboundAt = later(state.lastInboundAt, sent.receivedAt);
  raiseConfidentiality(state, confidentialityOf(sent.event.text, sent.event.subject), world.now);
  const status = statusAfterReporterAnswer(state.status, state.returnTo);
  if (status !== state.status) {
    record(state, 'moved', 'reporter', world.now, { action: 'answer', from: state.status, to: status });
    state.status = status;
    state.returnTo = null;
  } else if (isObjection(services, world, sent, state)) {
    objectTo(services, world, contact, sent, state);
  } else if (state.status === 'responded' || state.status === 'closed' || state.status === 'rejected') {
    // Nobody waits for a message there any more: the staff is told that there is one.
    setFlag(state, 'new_message');
  }
}

function openCase(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  sent: Sent,
  decision: ThreadDecision,
): CaseState {
  const { event, receivedAt } = sent;
  const complaint = parseComplaint(event.text);
  const fromSubject = event.subject === undefined ? null : parseComplaint(event.subject);
  const linkTo = decision.kind === 'new' ? decision.linkTo : undefined;
  const silence = silenceFor(services, world, contact, sent);
  const emergency = services.rules.isEmergency(`${event.subject ?? ''}\n${event.text}`);
  const flags = [
    ...(event.automated ? ['automated'] : []),
    ...(linkTo === undefined ? [] : ['linked']),
    ...(silence === 'flood' ? ['flood'] : []),
    ...(emergency ? ['emergency'] : []),
  ];
  const state: CaseState = {
    id: newId(),
    trackingNumber: services.makeNumber(),
    type: complaint.type === 'complaint' && fromSubject ? fromSubject.type : complaint.type,
    status: 'received',
    channelId: event.channelId,
    confidentiality: stricter(complaint.confidentiality, fromSubject?.confidentiality ?? 'public'),
    subject: event.subject ?? null,
    text: complaint.text,
    reporterId: contact.reporterId,
    contactKey: contact.key,
    opdId: null,
    place: null,
    occurredAt: null,
    submittedAt: null,
    createdAt: receivedAt,
    dueAt: dueAt(services.rules.calendar, receivedAt, services.rules.promisedDays),
    returnTo: null,
    lastInboundAt: receivedAt,
    lastAnswerAt: null,
    createdBy: 'machine',
    flags,
    version: 1,
    eventSeq: 0,
    eventHash: null,
    pending: [],
  };
  const reply = silence === null ? newId() : null;
  record(state, 'received', 'reporter', world.now, {
    message: sent.id,
    channel: event.channelId,
    why: decision.why,
    reply,
    ...(silence === null ? {} : { silence }),
    ...(linkTo === undefined ? {} : { linkedTo: linkTo }),
    ...(flags.length === 0 ? {} : { flags }),
  });
  world.newCases.add(state);
  world.cases.set(state.id, state);
  world.setNumber(state.trackingNumber, state.id);
  world.setNewest(contact.key, event.channelId, state.id);
  if (linkTo !== undefined) world.links.push({ caseId: state.id, otherId: linkTo, at: world.now });
  if (reply !== null) acknowledge(services, world, contact, sent, state, reply, emergency);
  world.outcomes.push({ id: sent.id, outcome: reply === null ? 'case_silent' : 'case' });
  return state;
}

function acknowledge(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  sent: Sent,
  state: CaseState,
  id: string,
  emergency: boolean,
): void {
  const { texts, rules } = services;
  contact.counts.acknowledged += 1;
  world.replies.push({
    id,
    caseId: state.id,
    channelId: state.channelId,
    contactKey: contact.key,
    purpose: 'received',
    automated: true,
    subject: replySubject(sent.event.subject),
    inReplyTo: sent.id,
    at: world.now,
    render: () => {
      const number = state.trackingNumber;
      if (emergency) return texts.format('emergency', { number, emergency: rules.emergencyNumber });
      return texts.format('received', { number, due: toShortDate(state.dueAt, rules.calendar) });
    },
  });
}

/** Why a new case gets no acknowledgement; null where it gets one. */
function silenceFor(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  sent: Sent,
): 'automated' | 'opted_out' | 'late' | 'flood' | null {
  if (sent.event.automated) return 'automated';
  if (contact.optedOutAt !== null) return 'opted_out';
  if (isLate(world, sent)) return 'late';
  if (isFlooding(services, contact)) return 'flood';
  const { acknowledgementsPerDay, unprovenAcknowledgementsPerDay } = services.rules.limits;
  // A responder that says nothing of being one is met by its number of letters alone.
  const most = sent.event.unproven ? unprovenAcknowledgementsPerDay : acknowledgementsPerDay;
  return contact.counts.acknowledged >= most ? 'flood' : null;
}

function isFlooding(services: CaseServices, contact: ContactState): boolean {
  return contact.counts.written >= services.rules.limits.messagesPerHour;
}

/** A reporter may hide more at any time; never less. */
export function raiseConfidentiality(state: CaseState, wanted: Confidentiality, now: Date): void {
  if (stricter(state.confidentiality, wanted) === state.confidentiality) return;
  record(state, 'confidentiality', 'reporter', now, { from: state.confidentiality, to: wanted });
  state.confidentiality = wanted;
}

/** What later messages of the batch can point at. */
function remember(world: IngestWorld, sent: Sent, state: CaseState): void {
  const { channelId, externalId, thread } = sent.event;
  world.messages.push(messageDraft(sent, state.id));
  world.setReference(channelId, externalId, state.id);
  if (thread?.conversationId)
    world.setConversation(channelId, thread.conversationId, sent.contactKey, state.id);
}

function later(a: Date | null, b: Date): Date {
  return a !== null && a > b ? a : b;
}
