/** Telephones and mailboxes of played citizens, drawn from what each played provider says of itself. */
import type { SimulatedDevice, SimulatedMessage, SimulatorFault } from '../../core/simulator.js';
import type { PlayedKind } from '../deps.js';
import { CsrfField, Page, type Frame } from '../web/page.js';
import { SiteBar } from '../web/site-bar.js';
import { MailHead, ReplyButton, SubjectField } from './mailbox.js';
import { TimelinePost } from './timeline.js';

/** What the citizen is called by, and what he writes, where that is no number and no message. */
const WORDS = {
  mailbox: { citizen: 'sim.citizenMail', compose: 'sim.composeMail' },
  timeline: { citizen: 'sim.citizenPost', compose: 'sim.composePost' },
} as const;
const PHONE_WORDS = { citizen: 'sim.citizen', compose: 'sim.compose' } as const;

export interface DeviceView {
  readonly device: SimulatedDevice;
  /** The citizen who holds it. */
  readonly from: string;
  readonly messages: readonly SimulatedMessage[];
  readonly timeZone: string;
}

export interface SimulatorPageProps {
  readonly frame: Frame;
  readonly devices: readonly DeviceView[];
  readonly played: readonly PlayedKind[];
  /** Why the last message was not taken, in words. */
  readonly failure: string | null;
}

export function SimulatorPage({ frame, devices, played, failure }: SimulatorPageProps) {
  const { say } = frame;
  return (
    <Page
      frame={frame}
      title={say('sim.title')}
      scripts={['htmx.js', 'tabea.js', 'simulator.js']}
      styles={['simulator.css']}
      events="/simulator/events"
      header={<SiteBar frame={frame} here="simulator" />}
    >
      <div class="container-xl py-3">
        <div class="d-flex align-items-center justify-content-between mb-1">
          <h1 class="h2 mb-0">{say('sim.title')}</h1>
          <span class="tb-live">{say('inbox.liveOn')}</span>
        </div>
        <p class="text-secondary">{say('sim.lead')}</p>
        {failure === null ? null : (
          <div class="alert alert-danger" role="alert">
            {failure}
          </div>
        )}
        <div class="sim-devices">
          {devices.map((view) => (
            <Device frame={frame} view={view} key={view.device.channelId} />
          ))}
        </div>
        {played.map(({ kind, part }) => (
          <Faults frame={frame} kind={kind} faults={part.faults} active={part.activeFaults()} key={kind} />
        ))}
      </div>
    </Page>
  );
}

function Device({ frame, view }: { readonly frame: Frame; readonly view: DeviceView }) {
  const { say } = frame;
  const { device, from } = view;
  const id = `device-${device.channelId}`;
  const isMailbox = device.look === 'mailbox';
  const words = Object.entries(WORDS).find(([look]) => look === device.look)?.[1] ?? PHONE_WORDS;
  const citizen = say(words.citizen);
  const compose = say(words.compose);
  return (
    <section class="sim-device" data-look={device.look} id={id} aria-labelledby={`${id}-title`}>
      <header class="sim-top">
        <h2 id={`${id}-title`}>{device.title}</h2>
        <div class="sim-address">{device.address}</div>
        <details class="sim-citizen">
          <summary>
            {citizen}: {from}
          </summary>
          <form method="post" action="/simulator/citizen">
            <CsrfField frame={frame} />
            <input type="hidden" name="look" value={device.look} />
            <input type="hidden" name="channel" value={device.channelId} />
            <input
              class="form-control form-control-sm"
              name="from"
              value={from}
              maxLength={100}
              required
              autocomplete="off"
              aria-label={citizen}
            />
            <button class="btn btn-sm" type="submit">
              {say('sim.citizenChange')}
            </button>
          </form>
        </details>
      </header>
      <DeviceMessages frame={frame} view={view} />
      <form
        class="sim-compose"
        method="post"
        action="/simulator/messages"
        hx-post="/simulator/messages"
        hx-target={`#messages-${device.channelId}`}
        hx-swap="outerHTML"
      >
        <CsrfField frame={frame} />
        <input type="hidden" name="channel" value={device.channelId} />
        <input type="hidden" name="from" value={from} />
        {isMailbox ? <SubjectField frame={frame} title={device.title} /> : null}
        <textarea
          class="form-control"
          name="text"
          rows={isMailbox ? 4 : 2}
          required
          maxLength={isMailbox ? 20_000 : 2_000}
          aria-label={`${compose}: ${device.title}`}
          placeholder={compose}
        />
        <button class="btn btn-primary" type="submit">
          {say('sim.send')}
        </button>
      </form>
    </section>
  );
}

/** Also fetched alone, when the conversation has changed. */
export function DeviceMessages({ frame, view }: { readonly frame: Frame; readonly view: DeviceView }) {
  const { device, from, messages } = view;
  const query = new URLSearchParams({ channel: device.channelId, from }).toString();
  return (
    <div
      class="sim-messages"
      id={`messages-${device.channelId}`}
      role="log"
      tabIndex={0}
      aria-label={device.title}
      hx-get={`/simulator/conversation?${query}`}
      hx-trigger="tabea:changed from:body"
      hx-swap="outerHTML"
    >
      {messages.length === 0 ? <p class="sim-empty">{frame.say('sim.empty')}</p> : null}
      {messages.map((message) => (
        <SimBubble frame={frame} message={message} view={view} key={message.id} />
      ))}
    </div>
  );
}

interface SimBubbleProps {
  readonly frame: Frame;
  readonly message: SimulatedMessage;
  readonly view: DeviceView;
}

function SimBubble({ frame, message, view }: SimBubbleProps) {
  const { device, timeZone } = view;
  const isMail = device.look === 'mailbox';
  const time = new Intl.DateTimeFormat('id-ID', { timeStyle: 'short', timeZone }).format(
    new Date(message.at),
  );
  if (device.look === 'timeline') {
    const { channelId } = device;
    return <TimelinePost frame={frame} post={message} channelId={channelId} from={view.from} time={time} />;
  }
  const segments =
    message.segments === undefined ? '' : ` · ${frame.say('sim.segments', { segments: message.segments })}`;
  return (
    <div class="sim-bubble" data-direction={message.direction}>
      {isMail ? <MailHead frame={frame} message={message} office={device.address} /> : null}
      <div class="sim-text" dir="auto">
        {message.text}
      </div>
      <div class="sim-meta">
        {time} · {frame.say.code('sim.state', message.state)}
        {segments}
        {isMail ? <ReplyButton frame={frame} message={message} /> : null}
      </div>
    </div>
  );
}

interface FaultsProps {
  readonly frame: Frame;
  readonly kind: string;
  readonly faults: readonly SimulatorFault[];
  readonly active: Readonly<Record<string, number>>;
}

function Faults({ frame, kind, faults, active }: FaultsProps) {
  const { say } = frame;
  if (faults.length === 0) return null;
  return (
    <details class="card mt-4" open={Object.keys(active).length > 0}>
      <summary class="card-header">
        {say('sim.faults')} ({kind})
      </summary>
      <div class="card-body">
        <p class="text-secondary">{say('sim.faultsLead')}</p>
        <ul class="sim-faults">
          {faults.map((fault) => (
            <li key={fault.id}>
              <span>
                {fault.label}
                {active[fault.id] === undefined ? null : (
                  <strong class="sim-active">
                    {' '}
                    {say('sim.faultActive', { times: active[fault.id] ?? 0 })}
                  </strong>
                )}
              </span>
              <form method="post" action="/simulator/faults">
                <CsrfField frame={frame} />
                <input type="hidden" name="kind" value={kind} />
                <input type="hidden" name="fault" value={fault.id} />
                <input
                  class="form-control form-control-sm"
                  name="times"
                  type="number"
                  min={0}
                  max={1_000}
                  value={active[fault.id] ?? 1}
                  aria-label={`${say('sim.faultTimes')}: ${fault.label}`}
                />
                <button class="btn btn-sm" type="submit">
                  {say('sim.faultSet')}
                </button>
              </form>
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}
