import type { ChannelKind } from '../../src/core/channel-kind.js';
import { FacebookAdapter } from './facebook.js';
import { facebookSettings, type FacebookSettings } from './settings.js';
import { facebookSimulator } from './simulator.js';

/** A Facebook page. docs/facebook.md says how to get what its settings ask for. */
export const facebook: ChannelKind<FacebookSettings> = {
  kind: 'facebook',
  settings: facebookSettings,
  create: (settings, context) => new FacebookAdapter(settings, context),
  simulator: facebookSimulator,
};
