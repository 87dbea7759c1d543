/** One attempt to send one reply: from the claimed row to how it ended. */
import type { ChannelAdapter, OutboundMessage, SendResult } from '../core/channel.js';
import { ChannelError } from '../core/channel-error.js';
import { replyTarget } from '../core/reply-target.js';
import { verdictOf } from '../core/retry-policy.js';
import type { Vault } from '../cases/vault.js';
import { BreakerOpenError, type ChannelBreaker } from './breaker.js';
import { outboundMessage, type ClaimedReply, type ReadBlob } from './claim.js';
import type { AttemptResult } from './recorder.js';
import type { SendLimits } from './send-limits.js';

export interface SendContext {
  readonly channelId: string;
  readonly adapter: ChannelAdapter;
  readonly breaker: ChannelBreaker;
  readonly vault: Pick<Vault, 'unwrapKey' | 'openAddress'>;
  readonly now: () => Date;
  readonly caseToken: ((trackingNumber: string) => string) | undefined;
  readonly readBlob: ReadBlob | undefined;
  readonly limits: SendLimits;
  /** A deaf adapter has answered after all. */
  readonly late: (result: AttemptResult) => void;
  readonly observe: (seconds: number) => void;
}

/** Throws only where the reply cannot be made ready; then nothing was sent. */
export async function attemptReply(reply: ClaimedReply, context: SendContext): Promise<AttemptResult> {
  const message = messageOf(reply, context);
  if (message === undefined) return failed(reply, 'no_address');
  const refusal = refusalOf(reply, message.to, context);
  if (refusal !== undefined) return failed(reply, refusal);
  const started = performance.now();
  try {
    const sent = await context.breaker.run(() => sendWithin(reply, message, context));
    context.observe((performance.now() - started) / 1_000);
    return sent;
  } catch (error) {
    if (error instanceof BreakerOpenError) return unbegun(reply, context.now());
    return asResult(reply, error, context.now());
  }
}

/** It was claimed and not begun: as if it had not been claimed. */
export function unbegun(reply: ClaimedReply, dueAt: Date): AttemptResult {
  return { id: reply.id, attempt: reply.attempt, state: 'pending', dueAt, undone: true };
}

/** What the rules say. The confirmation of a STOP is the one reply that he who said it still gets. */
function refusalOf(
  reply: ClaimedReply,
  address: OutboundMessage['to'],
  context: SendContext,
): string | undefined {
  const optedOut = reply.optedOut && reply.purpose !== 'command';
  if (optedOut) return 'opted_out';
  if (!context.adapter.canReply) return undefined;
  const { confidentiality, automated, lastInbound } = reply;
  const target = replyTarget({ address, optedOut, confidentiality, automated, lastInbound });
  const permission = context.adapter.canReply(target, context.now());
  return permission.allowed ? undefined : 'not_permitted';
}

export function messageOf(
  reply: ClaimedReply,
  context: Pick<SendContext, 'channelId' | 'vault' | 'caseToken' | 'readBlob'>,
): OutboundMessage | undefined {
  const to = addressOf(reply, context);
  if (to === undefined) return undefined;
  const token = reply.trackingNumber === null ? undefined : context.caseToken?.(reply.trackingNumber);
  return outboundMessage(reply, context.channelId, to, token, context.readBlob);
}

function addressOf(
  { sealed, contactKey }: ClaimedReply,
  { vault }: Pick<SendContext, 'vault'>,
): OutboundMessage['to'] | undefined {
  if (sealed === null || contactKey === null) return undefined;
  const key = vault.unwrapKey(sealed.reporterId, sealed.wrappedKey);
  return { scheme: sealed.scheme, ...vault.openAddress(key, contactKey, sealed.address) };
}

async function sendWithin(
  reply: ClaimedReply,
  message: OutboundMessage,
  context: SendContext,
): Promise<AttemptResult> {
  const { adapter, limits, late } = context;
  if (!adapter.send) throw new ChannelError('config', 'This channel cannot send', { retry: 'never' });
  const send = adapter.send.bind(adapter);
  let over = false;
  let done: () => void = () => undefined;
  try {
    return await new Promise<AttemptResult>((resolve, reject) => {
      const begun = limits.begin(() => reject(noAnswer()));
      done = begun.done;
      const taken = (result: SendResult) => {
        const sent = sentAs(reply, result);
        if (over) late(sent);
        else resolve(sent);
      };
      send(message, begun.signal).then(taken, reject);
    });
  } finally {
    over = true;
    done();
  }
}

function sentAs(reply: ClaimedReply, { externalId, segments }: SendResult): AttemptResult {
  const sent = { id: reply.id, attempt: reply.attempt, state: 'sent', externalId } as const;
  return segments === undefined ? sent : { ...sent, segments };
}

function noAnswer(): ChannelError {
  return new ChannelError('connection', 'The provider did not answer in time', {
    retry: 'backoff',
    certainty: 'unknown',
    providerCode: 'timeout',
  });
}

function asResult(reply: ClaimedReply, error: unknown, now: Date): AttemptResult {
  const verdict = verdictOf(error, { number: reply.attempt, firstAt: reply.createdAt }, now);
  const base = { id: reply.id, attempt: reply.attempt, error: codeOf(error) };
  switch (verdict.state) {
    case 'pending':
      return { ...base, state: 'pending', dueAt: new Date(now.getTime() + verdict.afterMs) };
    case 'failed':
      return { ...base, state: 'failed' };
    case 'unknown':
      return { ...base, state: 'unknown', dueAt: now };
  }
}

function failed(reply: ClaimedReply, error: string): AttemptResult {
  return { id: reply.id, attempt: reply.attempt, state: 'failed', error };
}

/** `code` or `code:providerCode`; never words. */
function codeOf(error: unknown): string {
  if (!(error instanceof ChannelError)) return 'fault';
  return error.providerCode === undefined ? error.code : `${error.code}:${error.providerCode}`.slice(0, 80);
}
