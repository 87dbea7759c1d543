/** The demo's providers: a page for people, and each provider's own HTTP interface. Does not exist elsewhere. */
import type { Request, Response } from 'express';
import type { RawReply } from '../../core/channel.js';
import type { SimulatedDevice, SimulatedMessage, SimulatorPart } from '../../core/simulator.js';
import type { PlayedKind } from '../deps.js';
import { badRequest, notFound } from '../problem.js';
import { readCookie } from '../web/cookies.js';
import { openEventStream } from '../web/event-stream.js';
import { formField, queryField } from '../web/front.js';
import { frameOf, sendFragment, sendPage } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { DeviceMessages, SimulatorPage, type DeviceView } from './simulator-page.js';

/** By look; a new look begins with the last. */
const FIRST_CITIZEN: Readonly<Record<string, string>> = {
  phone: '+6281200000001',
  mailbox: 'warga@contoh.example',
  messenger: 'Nona Latuconsina',
  comments: 'Nona Latuconsina',
  whatsapp: '+6281200000001',
  timeline: '@warga_ambon',
};
const ANY_CITIZEN = 'warga';
const LONGEST_SUBJECT = 200;
const COALESCE_MS = 80;

export function simulatorRoutes(shared: Shared, played: readonly PlayedKind[]): readonly Route[] {
  const devices = played.flatMap(({ part }) => part.devices.map((device) => ({ part, device })));

  const byChannel = (channelId: string) => {
    const found = devices.find(({ device }) => device.channelId === channelId);
    if (found === undefined) throw notFound('There is no such device.');
    return found;
  };

  const viewOf = (channelId: string, from: string): DeviceView => {
    const { part, device } = byChannel(channelId);
    return {
      device,
      from,
      messages: conversationOf(part, channelId, from),
      timeZone: shared.config.city.timeZone,
    };
  };

  const page = (request: Request, response: Response) => {
    const views = devices.map(({ device }) => viewOf(device.channelId, citizenOf(request, device)));
    const frame = frameOf(request, frameBase(shared));
    const failure = queryField(request, 'failed') === undefined ? null : frame.say('sim.failed');
    sendPage(response, <SimulatorPage frame={frame} devices={views} played={played} failure={failure} />);
  };

  const conversation = (request: Request, response: Response) => {
    const view = viewOf(queryField(request, 'channel') ?? '', queryField(request, 'from') ?? '');
    sendFragment(response, <DeviceMessages frame={frameOf(request, frameBase(shared))} view={view} />);
  };

  const write = async (request: Request, response: Response) => {
    const [channelId, from, text] = ['channel', 'from', 'text'].map((name) => formField(request, name));
    if (channelId === undefined || !from || text === undefined || text.trim() === '') {
      throw badRequest('A message needs channel, from and text.');
    }
    const { part } = byChannel(channelId);
    const subject = formField(request, 'subject').trim().slice(0, LONGEST_SUBJECT);
    const message = { channelId, from, text: text.replaceAll('\r\n', '\n') };
    const taken = await part.write(subject === '' ? message : { ...message, subject }).then(
      () => true,
      (error: unknown) => {
        shared.logger.warn(
          { error: error instanceof Error ? error.name : 'unknown' },
          'played message was not taken',
        );
        return false;
      },
    );
    if (request.get('hx-request') !== undefined && taken) {
      const view = viewOf(channelId, from);
      return sendFragment(
        response,
        <DeviceMessages frame={frameOf(request, frameBase(shared))} view={view} />,
      );
    }
    const back = `/simulator${taken ? '' : '?failed=1'}#device-${channelId}`;
    if (request.get('hx-request') === undefined) response.redirect(303, back);
    else response.set('hx-redirect', back).status(204).end();
  };

  const citizen = (request: Request, response: Response) => {
    const { device } = byChannel(formField(request, 'channel'));
    const from = formField(request, 'from').trim().slice(0, 100);
    if (from !== '') {
      response.cookie(cookieOf(device), from, { httpOnly: true, sameSite: 'lax', path: '/simulator' });
    }
    response.redirect(303, `/simulator#device-${device.channelId}`);
  };

  const fault = (request: Request, response: Response) => {
    const kind = played.find((one) => one.kind === formField(request, 'kind'));
    const id = formField(request, 'fault');
    if (kind === undefined || !kind.part.faults.some((known) => known.id === id))
      throw notFound('No such fault.');
    const times = Number(formField(request, 'times'));
    if (!Number.isInteger(times) || times < 0 || times > 1_000)
      throw badRequest('times must be 0 to 1000.', 'times');
    kind.part.setFault(id, times);
    response.redirect(303, '/simulator');
  };

  const events = (request: Request, response: Response) => {
    openEventStream(request, response, (stream) => {
      let timer: NodeJS.Timeout | undefined;
      const soon = () => {
        timer ??= setTimeout(() => {
          timer = undefined;
          stream.send('changed');
        }, COALESCE_MS);
      };
      const ends = played.map(({ part }) => part.onChange(soon));
      return () => {
        clearTimeout(timer);
        for (const end of ends) end();
      };
    });
  };

  return [
    { method: 'get', path: '/simulator', access: 'visitor', query: ['failed'], handle: page },
    {
      method: 'get',
      path: '/simulator/conversation',
      access: 'visitor',
      query: ['channel', 'from'],
      handle: conversation,
    },
    { method: 'get', path: '/simulator/events', access: 'visitor', query: [], handle: events },
    {
      method: 'post',
      path: '/simulator/messages',
      access: 'visitor',
      body: 'form',
      query: [],
      handle: write,
    },
    {
      method: 'post',
      path: '/simulator/citizen',
      access: 'visitor',
      body: 'form',
      query: [],
      handle: citizen,
    },
    { method: 'post', path: '/simulator/faults', access: 'visitor', body: 'form', query: [], handle: fault },
    {
      method: 'all',
      path: '/simulator/:kind/*rest',
      access: 'provider',
      body: 'raw',
      handle: providerOf(shared, played),
    },
  ];
}

/** The played provider reads the request as it came: target and body untouched. */
function providerOf(shared: Shared, played: readonly PlayedKind[]): Route['handle'] {
  return async (request, response) => {
    const kind = String(request.params['kind']);
    const found = played.find((one) => one.kind === kind);
    if (found === undefined) throw notFound();
    const body: unknown = request.body;
    const reply = await found.part.handle({
      method: request.method,
      target: request.originalUrl.slice(`/simulator/${kind}`.length),
      headers: request.headers,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      receivedAt: shared.clock.now(),
    });
    answerRaw(response, reply);
  };
}

function answerRaw(response: Response, reply: RawReply): void {
  response.writeHead(reply.status, { ...reply.headers });
  response.end(reply.body);
}

/** Empty for an address that the played provider cannot read. */
function conversationOf(part: SimulatorPart, channelId: string, from: string): readonly SimulatedMessage[] {
  try {
    return part.conversation(channelId, from);
  } catch {
    return [];
  }
}

function cookieOf(device: SimulatedDevice): string {
  return `tabea_sim_${device.look.replace(/\W/g, '')}`;
}

function citizenOf(request: Request, device: SimulatedDevice): string {
  return readCookie(request, cookieOf(device)) ?? FIRST_CITIZEN[device.look] ?? ANY_CITIZEN;
}
