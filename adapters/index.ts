/** Every kind of channel that Tabea knows. A new one is a folder beside this file and a line here. */
import type { ChannelKind } from '../src/core/channel-kind.js';
import { email } from './email/index.js';
import { facebook } from './facebook/index.js';
import { manual } from './manual/index.js';
import { sms } from './sms/index.js';
import { twitter } from './twitter/index.js';
import { whatsapp } from './whatsapp/index.js';

export const channelKinds: readonly ChannelKind[] = [manual, sms, email, twitter, facebook, whatsapp];
