/** The list of cases. */
import type { Config } from '../../../config/load.js';
import { CASE_STATUSES } from '../../core/case-life.js';
import type { Principal } from '../auth/principal.js';
import type { CaseFilter } from '../../cases/queries.js';
import type { CaseSummary } from '../../cases/views.js';
import { Page, type Frame } from '../web/page.js';
import { SiteBar } from '../web/site-bar.js';
import { sayAge, sayTime } from '../web/time-words.js';
import {
  channelById,
  ChannelName,
  ConfidentialityMark,
  Flags,
  opdName,
  StatusBadge,
  TimeLeft,
} from './case-words.js';

export interface InboxProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly principal: Principal;
  readonly filter: CaseFilter;
  readonly items: readonly CaseSummary[];
  readonly nextCursor: string | null;
  readonly now: Date;
}

export function InboxPage(props: InboxProps) {
  const { frame, principal } = props;
  const { say } = frame;
  return (
    <Page
      frame={frame}
      title={say('inbox.title')}
      scripts={['htmx.js', 'tabea.js']}
      events="/console/events"
      header={<SiteBar frame={frame} here="cases" principal={principal} />}
    >
      <div class="container-xl py-3">
        <div class="d-flex align-items-center justify-content-between mb-3">
          <h1 class="h2 mb-0">{say('inbox.title')}</h1>
          <span class="tb-live">{say('inbox.liveOn')}</span>
        </div>
        <Filters {...props} />
        <CaseList {...props} />
      </div>
    </Page>
  );
}

function Filters({ frame, config, filter, principal }: InboxProps) {
  const { say, language } = frame;
  const statuses = CASE_STATUSES.map((status) => ({ value: status, label: say.code('status', status) }));
  const channels = config.channels.map((channel) => ({ value: channel.id, label: channel.label[language] }));
  const opds = config.opds.map((opd) => ({ value: opd.id, label: opd.shortName }));
  return (
    <form class="card card-body mb-3" method="get" action="/console" role="search" data-autosubmit="true">
      <div class="tb-filters">
        <div>
          <label class="form-label" for="q">
            {say('inbox.search')}
          </label>
          <input
            class="form-control"
            id="q"
            name="q"
            type="search"
            maxLength={200}
            value={filter.q ?? ''}
            placeholder={say('inbox.searchHint')}
          />
        </div>
        <Choice
          name="status"
          label={say('inbox.status')}
          all={say('inbox.all')}
          chosen={filter.status}
          options={statuses}
        />
        <Choice
          name="channel"
          label={say('inbox.channel')}
          all={say('inbox.all')}
          chosen={filter.channel}
          options={channels}
        />
        {principal.opd === null ? (
          <Choice
            name="opd"
            label={say('inbox.opd')}
            all={say('inbox.all')}
            chosen={filter.opd}
            options={opds}
          />
        ) : null}
        <div class="d-flex gap-2">
          <button class="btn btn-primary" type="submit">
            {say('inbox.filter')}
          </button>
          {isFiltered(filter) ? (
            <a class="btn" href="/console">
              {say('inbox.reset')}
            </a>
          ) : null}
        </div>
      </div>
    </form>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly all: string;
  readonly chosen: string | undefined;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

function Choice({ name, label, all, chosen, options }: ChoiceProps) {
  return (
    <div>
      <label class="form-label" for={`filter-${name}`}>
        {label}
      </label>
      <select class="form-select" id={`filter-${name}`} name={name}>
        <option value="">{all}</option>
        {options.map((option) => (
          <option value={option.value} selected={option.value === chosen} key={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Also fetched alone, when something has changed. */
export function CaseList(props: InboxProps) {
  const { frame, filter, items, nextCursor } = props;
  const { say } = frame;
  return (
    <section
      class="card"
      id="cases"
      aria-live="polite"
      aria-label={say('inbox.title')}
      hx-get={`/console/cases?${queryOf(filter)}`}
      hx-trigger="tabea:changed from:body"
      hx-swap="outerHTML"
    >
      {items.length === 0 ? <NoCases {...props} /> : <CaseTable {...props} />}
      {nextCursor === null && filter.cursor === undefined ? null : (
        <nav class="card-footer d-flex gap-2 justify-content-end">
          {filter.cursor === undefined ? null : (
            <a class="btn" href={`/console?${queryOf({ ...filter, cursor: '' })}`}>
              {say('inbox.first')}
            </a>
          )}
          {nextCursor === null ? null : (
            <a
              class="btn btn-primary"
              rel="next"
              href={`/console?${queryOf({ ...filter, cursor: nextCursor })}`}
            >
              {say('inbox.more')}
            </a>
          )}
        </nav>
      )}
    </section>
  );
}

function NoCases({ frame, filter, config }: InboxProps) {
  const { say } = frame;
  if (isFiltered(filter)) {
    return (
      <div class="tb-empty">
        <h2>{say('inbox.noneTitle')}</h2>
        <p class="text-secondary">{say('inbox.noneText')}</p>
        <a class="btn" href="/console">
          {say('inbox.reset')}
        </a>
      </div>
    );
  }
  const first = config.channels.find((channel) => channel.enabled && channel.entry === 'provider');
  return (
    <div class="tb-empty">
      <h2>{say('inbox.emptyTitle')}</h2>
      <p class="text-secondary">{say('inbox.emptyText')}</p>
      {frame.demo && first !== undefined ? (
        <>
          <p>{say('inbox.emptyDemo', { address: first.address })}</p>
          <a class="btn btn-primary" href="/simulator">
            {say('demo.simulator')}
          </a>
        </>
      ) : null}
    </div>
  );
}

function CaseTable(props: InboxProps) {
  const { say } = props.frame;
  return (
    <div class="table-responsive">
      <table class="table table-vcenter card-table tb-cases">
        <thead>
          <tr>
            <th scope="col">{say('inbox.number')}</th>
            <th scope="col">{say('inbox.content')}</th>
            <th scope="col">{say('inbox.channel')}</th>
            <th scope="col">{say('inbox.status')}</th>
            <th scope="col">{say('inbox.due')}</th>
          </tr>
        </thead>
        <tbody>
          {props.items.map((item) => (
            <CaseRow {...props} item={item} key={item.trackingNumber} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CaseRow({ frame, config, item, now }: InboxProps & { readonly item: CaseSummary }) {
  const { say, language } = frame;
  return (
    <tr>
      <td class="tb-cell tb-number">
        <a href={`/console/cases/${item.trackingNumber}`}>{item.trackingNumber}</a>
      </td>
      <td class="tb-cell tb-wide">
        <div class="tb-excerpt">
          <ConfidentialityMark value={item.confidentiality} say={say} />{' '}
          <Flags flags={item.flags} say={say} />{' '}
          {item.subject === null ? null : <strong>{item.subject} </strong>}
          {excerpt(item.text) || say('inbox.noText')}
        </div>
        <div class="tb-meta">{item.opd === null ? say('inbox.noOpd') : opdName(config, item.opd)}</div>
      </td>
      <td class="tb-cell tb-meta">
        <ChannelName channel={channelById(config, item.channelId)} id={item.channelId} language={language} />
      </td>
      <td class="tb-cell">
        <StatusBadge status={item.status} say={say} />
      </td>
      <td class="tb-cell tb-meta tb-when">
        <TimeLeft status={item.status} dueAt={item.dueAt} now={now} say={say} />
        <br />
        <time dateTime={item.createdAt} title={sayTime(item.createdAt, language, config.city.timeZone)}>
          {sayAge(item.createdAt, now, say)}
        </time>
      </td>
    </tr>
  );
}

/** A letter of ten pages has no place in a list. */
function excerpt(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 240);
}

function isFiltered({ q, status, channel, opd, cursor }: CaseFilter): boolean {
  return [q, status, channel, opd, cursor].some((part) => part !== undefined);
}

function queryOf(filter: CaseFilter): string {
  const { q, status, channel, opd, cursor } = filter;
  const parts = Object.entries({ q, status, channel, opd, cursor }).filter(([, value]) => value);
  return new URLSearchParams(parts.map(([name, value]) => [name, value ?? ''])).toString();
}
