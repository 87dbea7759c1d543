/** The REST API under `/api/v1`. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { isTrackingNumber } from '../../core/tracking-number.js';
import type { CaseFilter, ManualCase, Versioned } from '../case-desk.js';
import { badRequest, notFound, Problem } from '../problem.js';
import type { Route } from '../web/route.js';
import type { Shared } from '../web/shared.js';
import { principalOf } from '../web/visit.js';
import { docsPage } from './docs-page.js';
import { etagOf, versionOf } from './etag.js';
import { openApiDocument } from './openapi.js';
import { orProblem } from './refusal-problem.js';
import { listQuery, moveBody, newCase, type NewCase } from './schemas.js';
import { validate } from './validate.js';

const LONGEST_IDEMPOTENCY_KEY = 255;

export function apiRoutes(shared: Shared): readonly Route[] {
  const { cases } = shared;

  const list = async (request: Request, response: Response) => {
    const filter = withoutAbsent(validate(listQuery, request.query, 400));
    const page = await orProblem(cases.list(principalOf(request), filter));
    sendJson(response, 200, { items: page.items, nextCursor: page.nextCursor });
  };

  const read = async (request: Request, response: Response) => {
    const found = await cases.find(principalOf(request), numberOf(request));
    if (found === null) throw notFound('There is no case with this tracking number that you may see.');
    sendCase(response, 200, found);
  };

  const move = async (request: Request, response: Response) => {
    const principal = principalOf(request);
    const trackingNumber = numberOf(request);
    const body = validate(moveBody, request.body ?? {}, 422);
    const ifMatch = request.get('if-match');
    const current =
      ifMatch === undefined ? undefined : (await cases.find(principal, trackingNumber))?.version;
    const ifVersion = versionOf(ifMatch, current);
    const moved = await orProblem(
      cases.move(principal, {
        trackingNumber,
        action: String(request.params['action']),
        fields: {
          note: body.note ?? undefined,
          opd: body.opd ?? undefined,
          reply: body.reply ?? undefined,
        },
        ...(ifVersion === undefined ? {} : { ifVersion }),
      }),
    );
    sendCase(response, 200, moved);
  };

  const open = async (request: Request, response: Response) => {
    const body = validate(newCase, request.body ?? {}, 422);
    const opened = await orProblem(cases.open(principalOf(request), manualCase(body, request)));
    response.set('location', `/api/v1/cases/${opened.view.trackingNumber}`);
    if (opened.replayed) response.set('idempotency-replayed', 'true');
    sendCase(response, 201, opened);
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
      body: 'json',
      handle: move,
    },
    { method: 'get', path: '/api/v1/opds', access: 'key', query: [], handle: opds },
  ];
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

function manualCase(body: NewCase, request: Request): ManualCase {
  const key = request.get('idempotency-key');
  if (key !== undefined && (key.trim() === '' || key.length > LONGEST_IDEMPOTENCY_KEY)) {
    throw badRequest(
      `Idempotency-Key must have 1 to ${LONGEST_IDEMPOTENCY_KEY} characters.`,
      'Idempotency-Key',
    );
  }
  const { name, phone, email, address } = body.reporter ?? {};
  return {
    channelId: body.channelId,
    type: body.type,
    reporter: {
      name: name ?? undefined,
      phone: phone ?? undefined,
      email: email ?? undefined,
      address: address ?? undefined,
    },
    text: body.text,
    place: body.place ?? undefined,
    occurredAt: body.occurredAt ?? undefined,
    submittedAt: body.submittedAt ?? undefined,
    confidentiality: body.confidentiality,
    attachments: (body.attachments ?? []).map(({ base64, ...file }) => ({
      ...file,
      bytes: Buffer.from(base64, 'base64'),
    })),
    ...(key === undefined ? {} : { idempotency: { key, request: requestHash(request) } }),
  };
}

function requestHash(request: Request): Buffer {
  return createHash('sha256')
    .update(`${request.method} ${request.path}\n${JSON.stringify(request.body)}`)
    .digest();
}

function withoutAbsent(
  query: {
    readonly [name in keyof CaseFilter]?: CaseFilter[name] | undefined;
  } & { readonly limit: number },
): CaseFilter {
  const { channel, status, q, opd, cursor, limit } = query;
  return {
    limit,
    ...(channel === undefined ? {} : { channel }),
    ...(status === undefined ? {} : { status }),
    ...(q === undefined ? {} : { q }),
    ...(opd === undefined ? {} : { opd }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function sendCase(response: Response, status: number, found: Versioned): void {
  response.set('etag', etagOf(found.version));
  sendJson(response, status, found.view);
}

/** Past Express's own answer to If-None-Match: the delivery state of a reply changes without a new version. */
function sendJson(response: Response, status: number, body: unknown): void {
  response
    .status(status)
    .set({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
