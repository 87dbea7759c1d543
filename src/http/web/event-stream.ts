/** Server-sent events (WHATWG HTML, 9.2): pages hear that something changed and fetch it themselves. */
import type { Request, Response } from 'express';
import { Problem } from '../problem.js';

const HEARTBEAT_MS = 20_000;
/** Each holds a socket; a browser has one per open page. */
const MOST_STREAMS = 500;
let open = 0;

export interface EventStream {
  send(event: string): void;
}

/** Answers with a stream; `subscribe` is given it and returns what ends the subscription. */
export function openEventStream(
  request: Request,
  response: Response,
  subscribe: (stream: EventStream) => () => void,
): void {
  if (open >= MOST_STREAMS) {
    throw new Problem(503, {
      code: 'too-many-streams',
      detail: 'Too many pages listen; the page still works without.',
      headers: { 'retry-after': '60' },
    });
  }
  open++;
  response.status(200).set({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  response.write('retry: 3000\n\n');
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  const unsubscribe = subscribe({ send: (event) => response.write(`event: ${event}\ndata: 1\n\n`) });
  request.socket.setTimeout(0);
  response.once('close', () => {
    open--;
    clearInterval(heartbeat);
    unsubscribe();
  });
}
