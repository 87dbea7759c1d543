import type { ChannelKind } from '../../src/core/channel-kind.js';
import { whatsappSettings, type WhatsappSettings } from './settings.js';
import { whatsappSimulator } from './simulator.js';
import { WhatsappAdapter } from './whatsapp.js';

/** A WhatsApp number. docs/whatsapp.md says how to get what its settings ask for. */
export const whatsapp: ChannelKind<WhatsappSettings> = {
  kind: 'whatsapp',
  settings: whatsappSettings,
  create: (settings, context) => new WhatsappAdapter(settings, context),
  simulator: whatsappSimulator,
};
