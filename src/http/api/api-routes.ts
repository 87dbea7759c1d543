/** The REST API under `/api/v1`. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { markConveyed } from '../../cases/convey.js';
import { move } from '../../cases/moves.js';
import { openManually, type ManualEntry, type ManualOptions } from '../../cases/open-manually.js';
import { getCase, listCases } from '../../cases/queries.js';
import { replyOutlook, type ReplyOutlook } from '../../cases/reply-outlook.js';
import type { Viewer } from '../../cases/policy.js';
import type { CaseView } from '../../cases/views.js';
import type { Role } from '../../core/case-life.js';
import { isTrackingNumber } from '../../core/tracking-number.js';
import { toLocalIso } from '../../core/working-time.js';
import { fromBase64, takeFiles } from '../files/take-files.js';
import { omitAbsent } from '../web/omit-absent.js';
import { badRequest, forbidden, notFound, Problem } from '../problem.js';
import type { Route } from '../web/route.js';
import type { Shared } from '../web/shared.js';
import { principalOf } from '../web/visit.js';
import { docsPage } from './docs-page.js';
import { etagOf, versionOf } from './etag.js';
import { openApiDocument } from './openapi.js';
import { orProblem } from './refusal-problem.js';
import { listQuery, moveBody, newCase, type NewCase } from './schemas.js';
import { validate } from './validate.js';

type HandedIn = Parameters<typeof fromBase64>[0];

const LONGEST_IDEMPOTENCY_KEY = 255;
/** Who types in what came by telephone or on paper. */
const MAY_OPEN: readonly Role[] = ['super_admin', 'operator'];

export function apiRoutes(shared: Shared): readonly Route[] {
  const { cases, putBlob, normalisePhone } = shared;

  /** With whether an answer could arrive: programs are told before they write, as people are. */
  const sendCase = async (request: Request, response: Response, status: number, found: CaseView) => {
    const { trackingNumber, channelId, version } = found;
    const adapter = shared.adapters.get(channelId);
    const outlook = await replyOutlook(cases, adapter, trackingNumber, principalOf(request));
    response.set('etag', etagOf(version));
    sendJson(response, status, { ...found, reply: outlook === null ? null : shownOutlook(shared, outlook) });
  };

  const list = async (request: Request, response: Response) => {
    const filter = omitAbsent(validate(listQuery, request.query, 400));
    const { items, nextCursor } = await orProblem(listCases(cases, filter, principalOf(request)));
    sendJson(response, 200, { items, nextCursor });
  };

  const read = async (request: Request, response: Response) => {
    const found = await getCase(cases, numberOf(request), principalOf(request));
    if (found === null) throw notFound('There is no case with this tracking number that you may see.');
    await sendCase(request, response, 200, found);
  };

  const act = async (request: Request, response: Response) => {
    const principal = principalOf(request);
    const number = numberOf(request);
    const { note, opd, reply, attachments } = validate(moveBody, request.body ?? {}, 422);
    const ifMatch = request.get('if-match');
    const current = ifMatch === undefined ? undefined : (await getCase(cases, number, principal))?.version;
    const ifVersion = versionOf(ifMatch, current);
    const fields = omitAbsent({ note: note ?? undefined, opd: opd ?? undefined, reply: reply ?? undefined });
    const action = String(request.params['action']);
    const files = await filesFor(number, action, attachments ?? [], principal);
    const options = { files, ...(ifVersion === undefined ? {} : { ifVersion }) };
    const moved = await orProblem(move(cases, number, action, fields, principal, options));
    await sendCase(request, response, 200, moved);
  };

  /** Before the move: what the channel cannot carry, or the scanner holds back, is not even stored. */
  const filesFor = async (number: string, action: string, given: HandedIn, viewer: Viewer) => {
    if (given.length === 0) return [];
    const found = await getCase(cases, number, viewer);
    if (found === null) throw notFound('There is no case with this tracking number that you may see.');
    return await orProblem(takeFiles(shared, found, action, fromBase64(given)));
  };

  const convey = async (request: Request, response: Response) => {
    const messageId = String(request.params['messageId']);
    const conveyed = await orProblem(markConveyed(cases, numberOf(request), messageId, principalOf(request)));
    await sendCase(request, response, 200, conveyed);
  };

  const open = async (request: Request, response: Response) => {
    const principal = principalOf(request);
    if (!MAY_OPEN.includes(principal.role))
      throw forbidden(`The role ${principal.role} may not enter cases.`);
    const body = validate(newCase, request.body ?? {}, 422);
    const options = { ...idempotencyOf(request), actorId: principal.actorId, putBlob, normalisePhone };
    const opened = await orProblem(openManually(cases, manualEntry(body), options));
    const found = await getCase(cases, opened.trackingNumber, principal);
    if (found === null) throw notFound();
    response.set('location', `/api/v1/cases/${opened.trackingNumber}`);
    if (!opened.created) response.set('idempotency-replayed', 'true');
    await sendCase(request, response, 201, found);
  };

  const opds = async (_request: Request, response: Response) => {
    const { rows } = await shared.database.pool.query<{ id: string; name: string }>(
      'SELECT id, name FROM opd WHERE active ORDER BY name',
    );
    sendJson(response, 200, { items: rows });
  };

  const listed = ['channel', 'status', 'q', 'opd', 'cursor', 'limit'];
  return [
    {
      method: 'get',
      path: '/api/v1/openapi.json',
      access: 'public',
      query: [],
      handle: sendDocument(shared),
    },
    { method: 'get', path: '/api/docs', access: 'public', query: [], handle: docsPage(shared) },
    { method: 'get', path: '/api/v1/cases', access: 'key', query: listed, handle: list },
    { method: 'post', path: '/api/v1/cases', access: 'key', query: [], body: 'json-large', handle: open },
    { method: 'get', path: '/api/v1/cases/:trackingNumber', access: 'key', query: [], handle: read },
    {
      method: 'post',
      path: '/api/v1/cases/:trackingNumber/actions/:action',
      access: 'key',
      query: [],
      body: 'json-large',
      handle: act,
    },
    {
      method: 'post',
      path: '/api/v1/cases/:trackingNumber/messages/:messageId/conveyed',
      access: 'key',
      query: [],
      handle: convey,
    },
    { method: 'get', path: '/api/v1/opds', access: 'key', query: [], handle: opds },
  ];
}

function shownOutlook({ config }: Shared, outlook: ReplyOutlook) {
  if (!outlook.allowed)
    return { allowed: false, until: null, reason: outlook.obstacle, detail: outlook.detail };
  const until = outlook.until === null ? null : toLocalIso(outlook.until, config.calendar);
  return { allowed: true, until, reason: null, detail: null };
}

function sendDocument(shared: Shared): Route['handle'] {
  const document = openApiDocument(shared.publicUrl);
  return (_request, response) => {
    sendJson(response, 200, document);
  };
}

/** A mistyped number is told apart from one that does not exist, without asking the store. */
function numberOf(request: Request): string {
  const number = String(request.params['trackingNumber']);
  if (isTrackingNumber(number)) return number;
  throw new Problem(404, {
    code: 'mistyped-number',
    detail:
      'This is no tracking number: it was mistyped. It has ten digits, and the last one checks the others.',
  });
}

function idempotencyOf(request: Request): Pick<ManualOptions, 'idempotency'> {
  const key = request.get('idempotency-key');
  if (key === undefined) return {};
  if (key.trim() === '' || key.length > LONGEST_IDEMPOTENCY_KEY) {
    throw badRequest(
      `Idempotency-Key must have 1 to ${LONGEST_IDEMPOTENCY_KEY} characters.`,
      'Idempotency-Key',
    );
  }
  const hash = createHash('sha256').update(
    `${request.method} ${request.path}\n${JSON.stringify(request.body)}`,
  );
  return { idempotency: { key, request: hash.digest() } };
}

function manualEntry(body: NewCase): ManualEntry {
  const { name, phone, email, address } = body.reporter ?? {};
  return omitAbsent({
    channelId: body.channelId,
    type: body.type,
    reporter: omitAbsent({
      name: name ?? undefined,
      phone: phone ?? undefined,
      email: email ?? undefined,
      address: address ?? undefined,
    }),
    text: body.text,
    place: body.place ?? undefined,
    occurredAt: dateOf(body.occurredAt),
    submittedAt: dateOf(body.submittedAt),
    confidentiality: body.confidentiality,
    attachments: body.attachments ?? undefined,
  });
}

function dateOf(time: string | null | undefined): Date | undefined {
  return time === null || time === undefined ? undefined : new Date(time);
}

/** Past Express's own answer to If-None-Match: the delivery state of a reply changes without a new version. */
function sendJson(response: Response, status: number, body: unknown): void {
  response
    .status(status)
    .set({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
