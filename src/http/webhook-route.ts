/**
 * `/webhooks/{channelId}` and `/webhooks/{channelId}/status` on bare node:http, in front of everything else: the way
 * of every message. Channel known, method, body, verify, parse, accept, reply; each refusal has its status and reason.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  SignatureError,
  UnparsableError,
  type ChannelAdapter,
  type Clock,
  type Logger,
  type Parsed,
  type RawReply,
  type RawRequest,
  type WebhookReceiver,
} from '../core/channel.js';
import type { Intake } from '../intake/accept.js';
import type { IntakeMetrics } from '../intake/intake-metrics.js';
import type { Quarantine } from '../intake/quarantine.js';
import { WEBHOOK_PREFIX, webhookTarget } from '../intake/receiver.js';
import { StoreUnavailable } from '../intake/store-unavailable.js';
import { sendProblem, type Problem } from './webhook-problem.js';
import { BodyError, readBody } from './read-body.js';

export interface WebhookRouteOptions {
  /** The enabled channels. */
  readonly adapterOf: (channelId: string) => ChannelAdapter | undefined;
  readonly intake: Pick<Intake, 'accept'>;
  readonly quarantine: Pick<Quarantine, 'hold'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: IntakeMetrics;
  /** Milliseconds for a whole body. Default 10 s. */
  readonly bodyTimeoutMs?: number;
  /** Bytes of bodies that may be in memory at once, over all requests. Default 128 MB. */
  readonly maxBodiesBytes?: number;
}

/** True where the request is a webhook's and is being answered; false where somebody else must. */
export type WebhookRoute = (request: IncomingMessage, response: ServerResponse) => boolean;

const EMPTY_BODY = Buffer.alloc(0);
const RETRY_AFTER_SECONDS = '5';
const UNAVAILABLE_LOG_MS = 10_000;

/** A refusal on the way, with the reason under which it is counted. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: string;
  readonly problem: Problem;

  constructor(reason: string, problem: Problem) {
    super(reason);
    this.reason = reason;
    this.problem = problem;
  }
}

export function createWebhookRoute(options: WebhookRouteOptions): WebhookRoute {
  const { adapterOf, intake, quarantine, clock, logger, metrics } = options;
  const bodyTimeoutMs = options.bodyTimeoutMs ?? 10_000;
  const maxBodiesBytes = options.maxBodiesBytes ?? 128 * 1024 * 1024;
  let bodiesBytes = 0;
  let quietUntil = 0;

  return (request, response) => {
    const target = request.url ?? '';
    if (!target.startsWith(WEBHOOK_PREFIX)) return false;
    const aim = webhookTarget(target);
    const adapter = aim && adapterOf(aim.channelId);
    const receiver = aim?.isStatus === true ? adapter?.statusWebhook : adapter?.webhook;
    if (aim === undefined || receiver === undefined) {
      // The label is not the address as sent: anybody could fill the metrics with names of his own.
      refuse('unknown', response, 'unknown_channel', { status: 404, detail: 'No such channel' });
    } else {
      void serve(aim.channelId, receiver, request, response);
    }
    return true;
  };

  async function serve(
    channelId: string,
    receiver: WebhookReceiver,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      demandMethod(request);
      const raw = await read(receiver, request);
      await verify(channelId, receiver, raw);
      const parsed = await parse(channelId, receiver, raw);
      await intake.accept(channelId, raw, parsed);
      send(response, receiver.reply?.(raw));
    } catch (error) {
      answerFailure(channelId, response, error);
    }
  }

  async function read(receiver: WebhookReceiver, request: IncomingMessage): Promise<RawRequest> {
    const method = request.method ?? '';
    // Declared or not, it is counted as what it may become.
    const expected = Math.min(
      Number(request.headers['content-length'] ?? receiver.maxBodyBytes),
      receiver.maxBodyBytes,
    );
    if (bodiesBytes + expected > maxBodiesBytes) throw new StoreUnavailable('Too many large bodies at once');
    bodiesBytes += expected;
    try {
      const limits = { maxBytes: receiver.maxBodyBytes, timeoutMs: bodyTimeoutMs };
      const body = method === 'GET' ? EMPTY_BODY : await readBody(request, limits);
      return { method, target: request.url ?? '', headers: request.headers, body, receivedAt: clock.now() };
    } finally {
      bodiesBytes -= expected;
    }
  }

  async function verify(channelId: string, receiver: WebhookReceiver, raw: RawRequest): Promise<void> {
    try {
      receiver.verify(raw);
    } catch (error) {
      const expected = error instanceof SignatureError;
      // An adapter that trips over a request has not verified it: it is refused and kept just the same.
      const reason = expected ? 'bad_signature' : `verify_failed: ${nameOf(error)}`;
      await quarantine.hold({ channelId, kind: 'signature', reason, request: raw });
      if (!expected) throw error;
      throw new Refused('signature', { status: 403, detail: 'The signature is missing or does not match' });
    }
  }

  async function parse(channelId: string, receiver: WebhookReceiver, raw: RawRequest): Promise<Parsed> {
    try {
      return receiver.parse(raw);
    } catch (error) {
      const expected = error instanceof UnparsableError;
      const reason = expected ? 'unparsable' : `parse_failed: ${nameOf(error)}`;
      await quarantine.hold({ channelId, kind: 'unparsable', reason, request: raw });
      if (!expected) throw error;
      throw new Refused('unparsable', { status: 400, detail: 'The body cannot be read; it is kept' });
    }
  }

  function answerFailure(channelId: string, response: ServerResponse, error: unknown): void {
    if (error instanceof Refused) return refuse(channelId, response, error.reason, error.problem);
    if (error instanceof StoreUnavailable) {
      tellUnavailable(channelId, error);
      const headers = { 'retry-after': RETRY_AFTER_SECONDS };
      return refuse(channelId, response, 'unavailable', { status: 503, detail: 'Try again', headers });
    }
    if (error instanceof BodyError) {
      if (error.status === 'gone') {
        metrics.refused.inc({ channel: channelId, reason: 'client_left' });
        return;
      }
      return refuse(channelId, response, `body_${error.status}`, {
        status: error.status,
        detail: error.message,
      });
    }
    logger.error({ err: error, channel: channelId }, 'A webhook request failed unexpectedly');
    refuse(channelId, response, 'failure', { status: 500 });
  }

  /** Once in a while: under load each request says the same, and the metric counts them. */
  function tellUnavailable(channel: string, error: Error): void {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + UNAVAILABLE_LOG_MS;
    logger.error({ err: error, channel }, 'Messages cannot be stored and are refused with 503');
  }

  function refuse(channel: string, response: ServerResponse, reason: string, problem: Problem): void {
    metrics.refused.inc({ channel, reason });
    sendProblem(response, problem);
  }
}

function demandMethod(request: IncomingMessage): void {
  if (request.method === 'POST' || request.method === 'GET') return;
  throw new Refused('method', { status: 405, headers: { allow: 'GET, POST' } });
}

/** The adapter's answer, or 200 with an empty body. */
function send(response: ServerResponse, reply: RawReply | undefined): void {
  if (reply === undefined) {
    response.writeHead(200, { 'content-length': 0 }).end();
    return;
  }
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
  response.end(reply.body);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
