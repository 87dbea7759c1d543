/** Cases as the API and the console show them: the names of the contract, and a few more. */
import type { EventData } from '../core/case-event.js';
import type { CaseStatus, CaseType, Confidentiality } from '../core/case-life.js';
import type { OutboxState } from '../core/delivery-state.js';
import type { ReporterView } from './reporters.js';

export interface CaseSummary {
  readonly trackingNumber: string;
  readonly type: CaseType;
  readonly status: CaseStatus;
  readonly channelId: string;
  readonly confidentiality: Confidentiality;
  readonly subject: string | null;
  readonly text: string;
  /** Null to those who may not see it, and where nothing is known. */
  readonly reporter: ReporterView | null;
  /** Id of the OPD. */
  readonly opd: string | null;
  readonly place: string | null;
  readonly occurredAt: string | null;
  readonly submittedAt: string | null;
  readonly createdAt: string;
  readonly dueAt: string;
  /** `emergency`, `automated`, `linked`, `flood`, `new_message`. */
  readonly flags: readonly string[];
  /** Counts changes: the ETag. */
  readonly version: number;
}

export interface MessageView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly channelId: string;
  /** Null also where it came from a sender whom the viewer may not see. */
  readonly externalId: string | null;
  readonly subject: string | null;
  readonly text: string;
  /** Quoted history and signature, apart from the sender's own words. */
  readonly quoted: string | null;
  /** There is HTML beside the text; to be shown only sanitised. */
  readonly html: boolean;
  /** Both are kept from this viewer: a signature names the reporter, whom he may not see. */
  readonly withheld: boolean;
  readonly attachments: readonly AttachmentView[];
  readonly automated: boolean;
  readonly delivery: OutboxState | null;
  /** Code of the last failure of an outgoing message: `rejected:5.1.1`, `30003`. No words of anybody. */
  readonly error: string | null;
  readonly at: string;
  /** Of an outgoing message: what it was about (`received`, `answered` …). */
  readonly purpose: string | null;
  readonly withdrawnAt: string | null;
}

/** Named by its place where the viewer may not see its sender. Its place in the message's list, which is never reordered, is its address. */
export interface AttachmentView {
  readonly name: string;
  readonly contentType: string;
  readonly size: number | null;
  /** `wanted` (still at the provider), `stored`, or what the media worker found. */
  readonly state: string;
}

export interface EventView {
  readonly seq: number;
  readonly kind: string;
  readonly actor: string;
  readonly at: string;
  readonly data: EventData;
  readonly hash: string;
}

export interface CaseView extends CaseSummary {
  readonly messages: readonly MessageView[];
  readonly events: readonly EventView[];
  /** Words of the staff that events refer to by id. */
  readonly notes: readonly {
    readonly id: string;
    readonly author: string;
    readonly text: string;
    readonly at: string;
  }[];
  /** Tracking numbers of cases that belong beside this one, where the viewer may see them. */
  readonly linked: readonly string[];
}
