/** A person has conveyed an answer by telephone, on paper or face to face: nobody else can report that it arrived. */
import { insertEvents, lockCase, record, updateCases } from './case-state.js';
import { notifyChanges } from './coordination.js';
import { isMessageId } from './message-files.js';
import { MoveRefused } from './moves.js';
import { maySeeCase, type Viewer } from './policy.js';
import { getCase } from './queries.js';
import type { CaseServices } from './services.js';
import type { CaseView } from './views.js';

/** Marks the reply as delivered, with an event; once is enough, again changes nothing. Throws MoveRefused. */
export async function markConveyed(
  services: CaseServices,
  trackingNumber: string,
  messageId: string,
  actor: Viewer,
): Promise<CaseView> {
  await services.database.transaction(async (client) => {
    const state = await lockCase(client, trackingNumber);
    if (!state || !maySeeCase(actor, state)) throw new MoveRefused('not_found', 'There is no such case.');
    if (!mayConvey(services, actor)) {
      throw new MoveRefused('role', `The role ${actor.role} may not convey answers.`);
    }
    if (!isMessageId(messageId)) throw new MoveRefused('not_found', 'There is no such reply.');
    const { rows } = await client.query<{ channel_id: string; state: string }>(
      'SELECT channel_id, state FROM outbox WHERE id = $1 AND case_id = $2 FOR NO KEY UPDATE',
      [messageId, state.id],
    );
    const [reply] = rows;
    if (!reply) throw new MoveRefused('not_found', 'There is no such reply.');
    if (services.channels.get(reply.channel_id)?.sends === true) {
      throw new MoveRefused(
        'not_conveyed',
        'This channel sends by itself: only its provider knows what arrived.',
      );
    }
    if (reply.state !== 'pending') return;
    const now = services.clock.now();
    await client.query(`UPDATE outbox SET state = 'delivered', state_at = $2, error = NULL WHERE id = $1`, [
      messageId,
      now.toISOString(),
    ]);
    record(state, 'conveyed', actor.actorId, now, { message: messageId });
    await updateCases(client, [state]);
    await insertEvents(client, [state]);
    await notifyChanges(client, [state.id]);
  });
  const view = await getCase(services, trackingNumber, actor);
  if (!view) throw new MoveRefused('not_found', 'There is no such case.');
  return view;
}

/** Who may answer may also say that he has. */
export function mayConvey({ rules }: Pick<CaseServices, 'rules'>, { role }: Viewer): boolean {
  return role === 'super_admin' || rules.moves.respond.roles.includes(role);
}
