/** Pages for citizens. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Request, Response } from 'express';
import { isTrackingNumber } from '../../core/tracking-number.js';
import { publicStatus } from '../../cases/queries.js';
import { Problem } from '../problem.js';
import { queryField } from '../web/front.js';
import { frameOf, sendPage } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { StartPage } from './start-page.js';
import { TrackingPage, type TrackingAnswer } from './tracking-page.js';

/** Look-ups of one address in a minute: enough for a person, too few to walk through numbers. */
const LOOK_UPS_A_MINUTE = 20;

export function publicRoutes(shared: Shared): readonly Route[] {
  const limiter = new RateLimiterMemory({ points: LOOK_UPS_A_MINUTE, duration: 60 });

  const start = (request: Request, response: Response) => {
    const frame = frameOf(request, frameBase(shared));
    const isServed = (channelId: string) => shared.adapters.has(channelId);
    sendPage(response, <StartPage frame={frame} config={shared.config} isServed={isServed} />);
  };

  const answerTo = async (request: Request, typed: string): Promise<TrackingAnswer> => {
    const number = typed.replace(/[\s.-]/g, '');
    if (number === '') return { kind: 'none-asked' };
    if (!isTrackingNumber(number)) return { kind: 'mistyped' };
    await demandPatience(limiter, request.ip ?? '');
    const status = await publicStatus(shared.cases, number);
    return status === null ? { kind: 'unknown' } : { kind: 'found', number, status };
  };

  const track = async (request: Request, response: Response) => {
    const typed = (queryField(request, 'nomor') ?? '').slice(0, 20);
    const answer = await answerTo(request, typed);
    const frame = frameOf(request, frameBase(shared));
    sendPage(response, <TrackingPage frame={frame} typed={typed} answer={answer} />);
  };

  return [
    { method: 'get', path: '/', access: 'visitor', query: [], handle: start },
    { method: 'get', path: '/lacak', access: 'visitor', query: ['nomor'], handle: track },
  ];
}

async function demandPatience(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new Problem(429, {
      code: 'too-many-requests',
      detail: 'Too many look-ups from this address.',
      headers: { 'retry-after': String(Math.ceil(refusal.msBeforeNext / 1_000)) },
    });
  }
}
