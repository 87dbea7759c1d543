import type { AdapterContext, ChannelAdapter, ReplyPermission, ReplyTarget } from '../../src/core/channel.js';
import type { ChannelKind } from '../../src/core/channel-kind.js';
import { isAlphanumericSender } from '../../src/core/phone.js';
import { normalizeLine } from './phone.js';
import type { SmsProvider } from './provider.js';
import { measureSms } from './segments.js';
import { smsProviders, smsSettings, type SmsSettings } from './settings.js';
import { smsSimulator } from './simulator.js';

const OPTED_OUT = 'Penerima telah meminta agar tidak dikirimi SMS lagi (STOP).';
const NO_NUMBER = 'Pengirim memakai nama, bukan nomor telepon, sehingga tidak dapat dibalas lewat SMS.';

/** An SMS line (a number or a short code) with an exchangeable provider behind it. */
export const sms: ChannelKind<SmsSettings> = {
  kind: 'sms',
  settings: smsSettings,
  create: createLine,
  simulator: smsSimulator,
};

function createLine(settings: SmsSettings, context: AdapterContext): ChannelAdapter {
  const provider = createProvider(settings, context);
  const price = { perSegmentIdr: context.replyCostIdr, maxCharacters: provider.maxCharacters };
  return {
    kind: sms.kind,
    ...partsOf(provider),
    measure: (text) => measureSms(text, price),
    canReply: permission,
    send: (message, signal) => provider.send(message, signal),
  };
}

function createProvider(settings: SmsSettings, context: AdapterContext): SmsProvider {
  const kind = smsProviders.find(({ name }) => name === settings.provider);
  if (!kind) throw new Error(`there is no SMS provider ${settings.provider}`);
  return kind.create(settings.block, {
    ...context,
    region: settings.region,
    address: normalizeLine(context.address, settings.region),
  });
}

/** What the provider does not have, the channel does not have: the core looks at what is there. */
function partsOf(provider: SmsProvider): Omit<SmsProvider, 'maxCharacters' | 'send'> {
  const { webhook, statusWebhook, pull } = provider;
  return {
    ...(webhook && { webhook }),
    ...(statusWebhook && { statusWebhook }),
    ...(pull && { pull }),
    ...(provider.reconcile && { reconcile: provider.reconcile.bind(provider) }),
    ...(provider.list && { list: provider.list.bind(provider) }),
    ...(provider.fetchAttachment && { fetchAttachment: provider.fetchAttachment.bind(provider) }),
    ...(provider.probe && { probe: provider.probe.bind(provider) }),
    ...(provider.close && { close: provider.close.bind(provider) }),
  };
}

function permission(target: ReplyTarget): ReplyPermission {
  if (target.optedOut) return { allowed: false, reason: OPTED_OUT };
  if (isAlphanumericSender(target.address.value)) return { allowed: false, reason: NO_NUMBER };
  return { allowed: true };
}
