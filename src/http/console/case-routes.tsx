/** One case: seen, moved on, and answered. */
import type { Request, Response } from 'express';
import { availableActions, isCaseAction, MOVE_FIELDS, type MoveField } from '../../core/case-life.js';
import { isTrackingNumber } from '../../core/tracking-number.js';
import { markConveyed, mayConvey } from '../../cases/convey.js';
import { move, MoveRefused } from '../../cases/moves.js';
import { maySeeReporter } from '../../cases/policy.js';
import { previewMove } from '../../cases/preview-move.js';
import { getCase } from '../../cases/queries.js';
import { FILES_AT_MOST } from '../../cases/reply-files.js';
import { replyOutlook } from '../../cases/reply-outlook.js';
import type { CaseView } from '../../cases/views.js';
import { orProblem, refusalProblem } from '../api/refusal-problem.js';
import type { Principal } from '../auth/principal.js';
import { takeFiles } from '../files/take-files.js';
import { badRequest, notFound, Problem } from '../problem.js';
import { filesOf } from '../web/form-files.js';
import { formField, queryField } from '../web/front.js';
import { frameOf, sendFragment, sendPage, type Frame } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { isTextKey } from '../web/texts.js';
import { principalOf } from '../web/visit.js';
import { ANSWERS, PreviewBox, RECORD, tellsInPerson, type Draft, type Preview } from './action-form.js';
import { CaseLive, CasePage, type CasePageProps } from './case-page.js';
import { sayBytes } from './message-parts.js';

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

  const propsOf = async (request: Request, view: CaseView, draft: Draft | null): Promise<CasePageProps> => {
    const principal = principalOf(request);
    const { status, opd, trackingNumber } = view;
    const frame = frameOf(request, frameBase(shared));
    const actions = availableActions(config.sop.moves, {
      status,
      role: principal.role,
      hasOpd: opd !== null,
    });
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
        conveyable: conveyableIn(view, principal),
      },
      upload: { count: FILES_AT_MOST, bytes: cases.channels.get(view.channelId)?.maxAttachmentBytes ?? 0 },
      actions,
      outlook: actions.some(tellsInPerson) ? await outlookOf(request, view) : null,
      draft,
      done: null,
      now: shared.clock.now(),
    };
  };

  const outlookOf = async (request: Request, { trackingNumber, channelId }: CaseView) =>
    await replyOutlook(cases, shared.adapters.get(channelId), trackingNumber, principalOf(request));

  /** It may have changed since the form was shown: nobody should believe that his answer is on its way. */
  const demandWay = async (request: Request, view: CaseView, action: string) => {
    if (action !== ANSWERS || formField(request, 'do') === RECORD) return;
    const outlook = await outlookOf(request, view);
    if (outlook?.allowed === false) {
      throw new MoveRefused('cannot_reply', `The answer could not be sent: ${outlook.obstacle}.`);
    }
  };

  /** What waits for a person to convey it, where this one may. */
  const conveyableIn = ({ messages }: CaseView, principal: Principal): Set<string> => {
    if (!mayConvey(cases, principal)) return new Set();
    const waiting = messages.filter(
      ({ delivery, channelId }) => delivery === 'pending' && cases.channels.get(channelId)?.sends !== true,
    );
    return new Set(waiting.map(({ id }) => id));
  };

  const page = async (request: Request, response: Response) => {
    const done = queryField(request, 'done');
    const props = await propsOf(request, await look(request), null);
    sendPage(
      response,
      <CasePage
        {...props}
        done={done !== undefined && (isCaseAction(done) || done === CONVEYED) ? done : null}
      />,
    );
  };

  const live = async (request: Request, response: Response) => {
    sendFragment(response, <CaseLive {...await propsOf(request, await look(request), null)} />);
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
      const props = await propsOf(request, view, shown);
      // A page cannot choose files for anybody: that they are gone is said before the answer goes without them.
      const failure = filesOf(request).files.length === 0 ? {} : { failure: props.frame.say('upload.again') };
      return sendPage(response, <CasePage {...props} draft={{ ...shown, ...failure }} />);
    }
    try {
      const ifVersion = versionIn(request);
      await demandWay(request, view, draft.action);
      const files = await takeFiles(shared, view, draft.action, filesOf(request));
      await move(cases, trackingNumber, draft.action, draft.fields, principalOf(request), {
        ifVersion,
        files,
      });
    } catch (error) {
      if (error instanceof Problem && isAboutFile(error))
        return await showHeldBack(request, response, view, draft, error);
      if (!(error instanceof MoveRefused)) throw error;
      return await showRefusal(request, response, draft, error);
    }
    response.redirect(303, `/console/cases/${trackingNumber}?done=${draft.action}`);
  };

  /** The newest state with what was typed: nothing that a person wrote is lost. */
  const showRefusal = async (request: Request, response: Response, draft: Draft, refusal: MoveRefused) => {
    const problem = refusalProblem(refusal);
    if (refusal.code === 'unknown_action' || refusal.code === 'not_found') throw problem;
    const props = await propsOf(request, await look(request), draft);
    const failure = sayRefusal(props.frame, refusal, props.upload);
    const status = refusal.code === 'version' ? 409 : problem.status;
    sendPage(response, <CasePage {...props} draft={{ ...draft, failure }} />, status);
  };

  const showHeldBack = async (
    request: Request,
    response: Response,
    view: CaseView,
    draft: Draft,
    problem: Problem,
  ) => {
    const props = await propsOf(request, view, draft);
    const { say } = props.frame;
    const found = problem.members['signature'];
    const signature = typeof found === 'string' ? found : '?';
    const failure =
      problem.code === 'infected' ? say('refusal.infected', { signature }) : say('refusal.scanner');
    sendPage(response, <CasePage {...props} draft={{ ...draft, failure }} />, problem.status);
  };

  const convey = async (request: Request, response: Response) => {
    const { trackingNumber } = await look(request);
    await orProblem(
      markConveyed(cases, trackingNumber, String(request.params['messageId']), principalOf(request)),
    );
    response.redirect(303, `/console/cases/${trackingNumber}?done=${CONVEYED}`);
  };

  const path = '/console/cases/:trackingNumber';
  return [
    { method: 'get', path, access: 'session', query: ['done'], handle: page },
    { method: 'get', path: `${path}/live`, access: 'session', query: [], handle: live },
    {
      method: 'post',
      path: `${path}/actions/:action`,
      access: 'session',
      body: 'form-files',
      query: [],
      handle: act,
    },
    {
      method: 'post',
      path: `${path}/messages/:messageId/conveyed`,
      access: 'session',
      body: 'form',
      query: [],
      handle: convey,
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

/** As it stands in `?done=` and in the texts. */
const CONVEYED = 'conveyed';

function isAboutFile({ code }: Problem): boolean {
  return code === 'infected' || code.startsWith('scanner-');
}

function sayRefusal({ say, language }: Frame, refusal: MoveRefused, upload: CasePageProps['upload']): string {
  if (refusal.code === 'version') return say('case.conflict');
  const key = `refusal.${refusal.code}`;
  const field = refusal.field === undefined ? '' : say.code('field', refusal.field);
  const limits = { size: sayBytes(upload.bytes, language), count: upload.count };
  return isTextKey(key) ? say(key, { field, ...limits }) : say('refusal.other');
}
