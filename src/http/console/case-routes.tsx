/** One case: seen, moved on, and answered. */
import type { Request, Response } from 'express';
import { availableActions, isCaseAction, MOVE_FIELDS, type MoveField } from '../../core/case-life.js';
import { isTrackingNumber } from '../../core/tracking-number.js';
import { move, MoveRefused } from '../../cases/moves.js';
import { maySeeReporter } from '../../cases/policy.js';
import { previewMove } from '../../cases/preview-move.js';
import { getCase } from '../../cases/queries.js';
import type { CaseView } from '../../cases/views.js';
import { refusalProblem } from '../api/refusal-problem.js';
import { badRequest, notFound, Problem } from '../problem.js';
import { formField, queryField } from '../web/front.js';
import { frameOf, sendFragment, sendPage, type Frame } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { isTextKey } from '../web/texts.js';
import { principalOf } from '../web/visit.js';
import { PreviewBox, type Draft, type Preview } from './action-form.js';
import { CaseLive, CasePage, type CasePageProps } from './case-page.js';

export function caseRoutes(shared: Shared): readonly Route[] {
  const { cases, config } = shared;

  const look = async (request: Request): Promise<CaseView> => {
    const number = String(request.params['trackingNumber']);
    if (!isTrackingNumber(number)) {
      throw new Problem(404, {
        code: 'mistyped-number',
        detail: 'This is no tracking number: it was mistyped.',
      });
    }
    const found = await getCase(cases, number, principalOf(request));
    if (found === null) throw notFound();
    return found;
  };

  const propsOf = (request: Request, view: CaseView, draft: Draft | null): CasePageProps => {
    const principal = principalOf(request);
    const { status, opd, trackingNumber } = view;
    const frame = frameOf(request, frameBase(shared));
    return {
      frame: request.method === 'GET' ? frame : { ...frame, here: `/console/cases/${trackingNumber}` },
      config,
      principal,
      view,
      rights: {
        scanned: shared.scanner !== undefined,
        raw: maySeeReporter(principal, {
          opdId: opd,
          // Who sees the case sees it as its maker where he is an operator.
          createdBy: principal.actorId,
          confidentiality: view.confidentiality,
        }),
        conveyable: new Set(),
      },
      actions: availableActions(config.sop.moves, { status, role: principal.role, hasOpd: opd !== null }),
      draft,
      done: null,
      now: shared.clock.now(),
    };
  };

  const page = async (request: Request, response: Response) => {
    const done = queryField(request, 'done');
    const props = propsOf(request, await look(request), null);
    sendPage(response, <CasePage {...props} done={done !== undefined && isCaseAction(done) ? done : null} />);
  };

  const live = async (request: Request, response: Response) => {
    sendFragment(response, <CaseLive {...propsOf(request, await look(request), null)} />);
  };

  /** What the reporter would read, and what it costs on his channel. */
  const previewOf = async (request: Request, view: CaseView, fields: Draft['fields']): Promise<Preview> => {
    const action = String(request.params['action']);
    if (!isCaseAction(action)) throw notFound();
    const text = await previewMove(cases, view.trackingNumber, action, fields, principalOf(request));
    const adapter = shared.adapters.get(view.channelId);
    return { text, measure: text === null || adapter === undefined ? null : adapter.measure(text) };
  };

  const preview = async (request: Request, response: Response) => {
    const box = await previewOf(request, await look(request), fieldsOf(request));
    sendFragment(response, <PreviewBox preview={box} say={frameOf(request, frameBase(shared)).say} />);
  };

  const act = async (request: Request, response: Response) => {
    const view = await look(request);
    const { trackingNumber } = view;
    const draft: Draft = { action: String(request.params['action']), fields: fieldsOf(request) };
    if (formField(request, 'do') === 'preview') {
      const shown = { ...draft, preview: await previewOf(request, view, draft.fields) };
      return sendPage(response, <CasePage {...propsOf(request, view, shown)} />);
    }
    try {
      const ifVersion = versionIn(request);
      await move(cases, trackingNumber, draft.action, draft.fields, principalOf(request), { ifVersion });
    } catch (error) {
      if (!(error instanceof MoveRefused)) throw error;
      return await showRefusal(request, response, draft, error);
    }
    response.redirect(303, `/console/cases/${trackingNumber}?done=${draft.action}`);
  };

  /** The newest state with what was typed: nothing that a person wrote is lost. */
  const showRefusal = async (request: Request, response: Response, draft: Draft, refusal: MoveRefused) => {
    const problem = refusalProblem(refusal);
    if (refusal.code === 'unknown_action' || refusal.code === 'not_found') throw problem;
    const props = propsOf(request, await look(request), draft);
    const failure = sayRefusal(props.frame, refusal);
    const status = refusal.code === 'version' ? 409 : problem.status;
    sendPage(response, <CasePage {...props} draft={{ ...draft, failure }} />, status);
  };

  const path = '/console/cases/:trackingNumber';
  return [
    { method: 'get', path, access: 'session', query: ['done'], handle: page },
    { method: 'get', path: `${path}/live`, access: 'session', query: [], handle: live },
    {
      method: 'post',
      path: `${path}/actions/:action`,
      access: 'session',
      body: 'form',
      query: [],
      handle: act,
    },
    {
      method: 'post',
      path: `${path}/actions/:action/preview`,
      access: 'session',
      body: 'form',
      query: [],
      handle: preview,
    },
  ];
}

function fieldsOf(request: Request): Partial<Record<MoveField, string>> {
  return Object.fromEntries(
    MOVE_FIELDS.map((field) => [field, formField(request, field).replaceAll('\r\n', '\n')] as const).filter(
      ([, value]) => value !== '',
    ),
  );
}

function versionIn(request: Request): number {
  const version = formField(request, 'version');
  if (!/^\d{1,9}$/.test(version))
    throw badRequest('The form does not say which version it shows.', 'version');
  return Number(version);
}

function sayRefusal({ say }: Frame, refusal: MoveRefused): string {
  if (refusal.code === 'version') return say('case.conflict');
  const key = `refusal.${refusal.code}`;
  const field = refusal.field === undefined ? '' : say.code('field', refusal.field);
  return isTextKey(key) ? say(key, { field }) : say('refusal.other');
}
