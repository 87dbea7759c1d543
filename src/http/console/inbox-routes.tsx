/** The list of cases, its live part, and the stream that says when to fetch it. */
import type { Request, Response } from 'express';
import { CASE_STATUSES } from '../../core/case-life.js';
import { isTrackingNumber } from '../../core/tracking-number.js';
import { orProblem } from '../api/refusal-problem.js';
import { findCaseId, listCases, type CaseFilter } from '../../cases/queries.js';
import { notFound } from '../problem.js';
import { openEventStream } from '../web/event-stream.js';
import { queryField } from '../web/front.js';
import { omitAbsent } from '../web/omit-absent.js';
import { frameOf, sendFragment, sendPage } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { principalOf } from '../web/visit.js';
import { CaseList, InboxPage, type InboxProps } from './inbox-page.js';

const PAGE_SIZE = 30;
const FILTERS = ['q', 'status', 'channel', 'opd', 'cursor'];

export function inboxRoutes(shared: Shared): readonly Route[] {
  const look = async (request: Request): Promise<InboxProps> => {
    const principal = principalOf(request);
    const filter = filterOf(request);
    const { items, nextCursor } = await orProblem(listCases(shared.cases, filter, principal));
    const frame = frameOf(request, frameBase(shared));
    return { frame, config: shared.config, principal, filter, items, nextCursor, now: shared.clock.now() };
  };

  const page = async (request: Request, response: Response) => {
    // Who pastes a whole number wants that case.
    const q = queryField(request, 'q')?.replace(/[\s.-]/g, '');
    if (q !== undefined && isTrackingNumber(q)) {
      const found = await findCaseId(shared.cases, q, principalOf(request));
      if (found !== null) return response.redirect(303, `/console/cases/${q}`);
    }
    sendPage(response, <InboxPage {...await look(request)} />);
  };

  const part = async (request: Request, response: Response) => {
    sendFragment(response, <CaseList {...await look(request)} />);
  };

  /** Says only that something changed; each fetch that follows asks the policy anew. */
  const events = async (request: Request, response: Response) => {
    const number = queryField(request, 'case');
    const watched =
      number === undefined ? undefined : await findCaseId(shared.cases, number, principalOf(request));
    if (watched === null) throw notFound();
    openEventStream(request, response, (stream) =>
      shared.changes.subscribe((ids) => {
        if (watched === undefined || ids.has('*') || ids.has(watched)) stream.send('changed');
      }),
    );
  };

  return [
    { method: 'get', path: '/console', access: 'session', query: FILTERS, handle: page },
    { method: 'get', path: '/console/cases', access: 'session', query: FILTERS, handle: part },
    { method: 'get', path: '/console/events', access: 'session', query: ['case'], handle: events },
  ];
}

function filterOf(request: Request): CaseFilter {
  const asked = queryField(request, 'status');
  return omitAbsent({
    limit: PAGE_SIZE,
    q: queryField(request, 'q')?.slice(0, 200),
    status: CASE_STATUSES.find((known) => known === asked),
    channel: queryField(request, 'channel'),
    opd: queryField(request, 'opd'),
    cursor: queryField(request, 'cursor'),
  });
}
