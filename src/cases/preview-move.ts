/** What a reporter would be told by a move, before it is made. Changes nothing. */
import type { CaseAction } from '../core/case-life.js';
import { lockCase } from './case-state.js';
import { tell, type MoveFields } from './moves.js';
import { maySeeCase, type Viewer } from './policy.js';
import type { CaseServices } from './services.js';

/** Null where he is told nothing, and where the viewer may not see the case. Fields that are missing stay empty. */
export async function previewMove(
  services: CaseServices,
  trackingNumber: string,
  action: CaseAction,
  fields: MoveFields,
  viewer: Viewer,
): Promise<string | null> {
  return await services.database.transaction(async (client) => {
    const state = await lockCase(client, trackingNumber);
    if (!state || !maySeeCase(viewer, state)) return null;
    if (action === 'dispose') state.opdId = fields.opd?.trim() ?? null;
    const draft = await tell(
      client,
      services,
      state,
      services.rules.moves[action].tell,
      fields,
      services.clock.now(),
    );
    return draft?.text ?? null;
  });
}
