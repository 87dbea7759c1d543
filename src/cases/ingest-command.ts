/** Answers to commands. They belong to no case; who is not the reporter learns a status and nothing else. */
import { newId } from '../core/ids.js';
import type { Command } from '../core/commands.js';
import { toShortDate } from '../core/working-time.js';
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

export function answerCommand(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  sent: Sent,
  command: Command,
): void {
  world.messages.push(messageDraft(sent, null));
  const text = carryOut(services, world, contact, command);
  // Two machines that ask each other for help must fall silent.
  const isTooMany = contact.counts.commands >= services.rules.limits.commandsPerHour;
  if (text === null || isTooMany || isLate(world, sent)) {
    world.outcomes.push({ id: sent.id, outcome: 'command_silent' });
    return;
  }
  contact.counts.commands += 1;
  world.outcomes.push({ id: sent.id, outcome: 'command' });
  world.replies.push({
    id: newId(),
    caseId: null,
    channelId: sent.event.channelId,
    contactKey: contact.key,
    purpose: 'command',
    automated: true,
    subject: replySubject(sent.event.subject),
    inReplyTo: sent.id,
    at: world.now,
    render: () => text,
  });
}

/** Does what is asked and returns what to say; null: nothing. */
function carryOut(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  command: Command,
): string | null {
  const { texts, rules } = services;
  switch (command.kind) {
    case 'stop':
      return setOptOut(contact, world.now) ? texts.format('stop_confirmed', {}) : null;
    case 'start':
      return setOptOut(contact, null) ? texts.format('start_confirmed', {}) : null;
    case 'help':
      return contact.optedOutAt === null ? texts.format('help', { emergency: rules.emergencyNumber }) : null;
    case 'status':
      return contact.optedOutAt === null ? statusText(services, world, contact, command) : null;
  }
}

function statusText(
  services: CaseServices,
  world: IngestWorld,
  contact: ContactState,
  { number, valid }: { readonly number: string; readonly valid: boolean },
): string {
  const { texts, rules } = services;
  if (!valid) return texts.format('status_mistyped', { number });
  const state = world.caseByNumber(number);
  if (!state) return texts.format('status_unknown', { number });
  const status = texts.label('status', state.status);
  if (!isOwn(state, contact)) return texts.format('status', { number, status });
  const opd = state.opdId === null ? undefined : rules.opdName(state.opdId);
  return texts.format('status_own', {
    number,
    status,
    opd: opd ?? '-',
    due: toShortDate(state.dueAt, rules.calendar),
  });
}

/** True where that changed something: it is confirmed once. */
export function setOptOut(contact: ContactState, at: Date | null): boolean {
  if ((contact.optedOutAt === null) === (at === null)) return false;
  contact.optedOutAt = at;
  contact.optOutChanged = true;
  return true;
}
