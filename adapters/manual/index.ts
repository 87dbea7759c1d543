import { z } from 'zod';
import type { ChannelKind } from '../../src/core/channel-kind.js';

const settings = z.object({});

/**
 * Call center, complaint box, walk-in, web form: a clerk or the form itself brings the complaint in, and a
 * person conveys the answer. There is no provider, so there is nothing to receive, send or reconcile.
 */
export const manual: ChannelKind<z.output<typeof settings>> = {
  kind: 'manual',
  settings,
  create: (_settings, context) => ({
    kind: manual.kind,
    measure: (text) => ({
      segments: text === '' ? 0 : 1,
      encoding: 'characters',
      used: text.length,
      left: Number.MAX_SAFE_INTEGER,
      costIdr: text === '' ? 0 : context.replyCostIdr,
      fits: true,
    }),
    canReply: () => ({ allowed: true }),
  }),
};
