/** Small parts that the inbox and the case page share. */
import type { CaseStatus, Confidentiality } from '../../core/case-life.js';
import type { ChannelConfig, Config } from '../../../config/load.js';
import type { Language, Say } from '../web/texts.js';
import { sayDue } from '../web/time-words.js';
import { ChannelIcon } from './icons.js';

export function StatusBadge({ status, say }: { readonly status: CaseStatus; readonly say: Say }) {
  return (
    <span class="tb-status" data-status={status}>
      {say.code('status', status)}
    </span>
  );
}

/** What a clerk should see before he reads. */
export function Flags({ flags, say }: { readonly flags: readonly string[]; readonly say: Say }) {
  return (
    <>
      {flags.map((flag) => (
        <span class="tb-flag" data-flag={flag} key={flag}>
          {say.code('flag', flag)}
        </span>
      ))}
    </>
  );
}

/** Nothing for an open case: what is usual needs no mark. */
export function ConfidentialityMark({ value, say }: { readonly value: Confidentiality; readonly say: Say }) {
  return value === 'public' ? null : <span class="tb-lock">{say.code('confidentiality', value)}</span>;
}

export interface ChannelNameProps {
  readonly channel: ChannelConfig | undefined;
  /** Shown where the channel is no longer configured. */
  readonly id: string;
  readonly language: Language;
}

export function ChannelName({ channel, id, language }: ChannelNameProps) {
  return (
    <span class="tb-channel">
      <ChannelIcon entry={channel?.entry} />
      <span>{channel?.label[language] ?? id}</span>
    </span>
  );
}

/** A case whose answer has gone out has no clock that runs. */
const ANSWERED: readonly CaseStatus[] = ['responded', 'closed', 'rejected', 'archived'];

export interface TimeLeftProps {
  readonly status: CaseStatus;
  readonly dueAt: string;
  readonly now: Date;
  readonly say: Say;
}

export function TimeLeft({ status, dueAt, now, say }: TimeLeftProps) {
  if (ANSWERED.includes(status)) return <span class="text-secondary">{say('time.done')}</span>;
  const due = sayDue(dueAt, now, say);
  return (
    <span class="tb-due" data-state={due.state}>
      {due.text}
    </span>
  );
}

export function channelById(config: Config, id: string): ChannelConfig | undefined {
  return config.channels.find((channel) => channel.id === id);
}

export function opdName(config: Config, id: string): string {
  return config.opds.find((opd) => opd.id === id)?.shortName ?? id;
}
