/**
 * What the API and the console ask of the case store. Who may see what is decided there, in every query:
 * nothing that a principal may not see reaches this side.
 */
import type { CaseAction, CaseStatus, CaseType, Confidentiality, MoveField } from '../core/case-life.js';
import type { OutboxState } from '../core/delivery-state.js';
import type { Principal } from './auth/principal.js';

export interface CaseFilter {
  readonly channel?: string;
  readonly status?: string;
  readonly q?: string;
  readonly opd?: string;
  /** As an earlier page named it. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface ReporterView {
  readonly name: string | null;
  readonly phone: string | null;
  readonly email: string | null;
  readonly address: string | null;
}

export interface CaseSummary {
  readonly trackingNumber: string;
  readonly type: CaseType;
  readonly status: CaseStatus;
  readonly channelId: string;
  readonly confidentiality: Confidentiality;
  readonly subject: string | null;
  readonly text: string;
  /** Null to those who may not see it. */
  readonly reporter: ReporterView | null;
  readonly opd: string | null;
  readonly place: string | null;
  /** RFC 3339 with offset. */
  readonly createdAt: string;
  readonly dueAt: string;
}

export interface AttachmentView {
  readonly name: string;
  readonly contentType: string;
  readonly size: number | null;
}

export interface MessageView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly channelId: string;
  readonly externalId: string | null;
  readonly subject: string | null;
  readonly text: string;
  readonly attachments: readonly AttachmentView[];
  readonly automated: boolean;
  readonly delivery: OutboxState | null;
  readonly at: string;
}

export interface EventView {
  readonly seq: number;
  readonly kind: string;
  readonly actor: string;
  readonly at: string;
  readonly data: unknown;
  readonly hash: string;
}

export interface CaseDetail extends CaseSummary {
  readonly messages: readonly MessageView[];
  readonly events: readonly EventView[];
}

/** A case and the number of its changes: the ETag. `id` is for the change feed and stays inside. */
export interface Versioned {
  readonly id: string;
  readonly version: number;
  readonly view: CaseDetail;
}

export interface MoveInput {
  readonly trackingNumber: string;
  readonly action: string;
  readonly fields: Readonly<Partial<Record<MoveField, string | undefined>>>;
  /** Refused where the case has another version by now. */
  readonly ifVersion?: number;
}

export interface ManualCase {
  readonly channelId: string;
  readonly type: CaseType;
  readonly reporter: Readonly<Partial<Record<'name' | 'phone' | 'email' | 'address', string | undefined>>>;
  readonly text: string;
  readonly place?: string | undefined;
  readonly occurredAt?: string | undefined;
  readonly submittedAt?: string | undefined;
  readonly confidentiality: Confidentiality;
  readonly attachments: readonly {
    readonly name: string;
    readonly contentType: string;
    readonly bytes: Buffer;
  }[];
  /** Idempotency key of the caller with the SHA-256 of his request. */
  readonly idempotency?: { readonly key: string; readonly request: Buffer };
}

/** Codes of refusals, beside those of `decideMove`. */
export type RefusalCode =
  | 'unknown_action'
  | 'not_allowed_from'
  | 'role'
  | 'missing_field'
  | 'no_opd'
  | 'unknown_opd'
  | 'unknown_channel'
  | 'not_found'
  | 'version'
  | 'idempotency_mismatch'
  | 'bad_cursor';

/** The store refused; nothing was changed. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly field: string | undefined;

  constructor(code: RefusalCode, message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

export interface CaseDesk {
  /** Newest first. Throws Refusal `bad_cursor`. */
  list(
    principal: Principal,
    filter: CaseFilter,
  ): Promise<{ readonly items: readonly CaseSummary[]; readonly nextCursor: string | null }>;
  /** Null where there is none, or not for this principal. */
  find(principal: Principal, trackingNumber: string): Promise<Versioned | null>;
  /** Throws Refusal. */
  move(principal: Principal, input: MoveInput): Promise<Versioned>;
  /** Throws Refusal. `replayed`: the idempotency key was used before, this is that case. */
  open(principal: Principal, input: ManualCase): Promise<Versioned & { readonly replayed: boolean }>;
  /** What the reporter would be sent; null where the move tells him nothing. */
  preview(
    principal: Principal,
    trackingNumber: string,
    action: CaseAction,
    fields: MoveInput['fields'],
  ): Promise<string | null>;
  /** Status alone, for the public tracking page; null for an unknown number. */
  publicStatus(trackingNumber: string): Promise<CaseStatus | null>;
}
