/** The life of a case: one pure function over a table that is data (`config/sop.yaml`). */

export const CASE_STATUSES = [
  'received',
  'awaiting_info',
  'verified',
  'rejected',
  'dispositioned',
  'returned',
  'in_progress',
  'responded',
  'reopened',
  'closed',
  'archived',
] as const;
export type CaseStatus = (typeof CASE_STATUSES)[number];

export const CASE_ACTIONS = [
  'verify',
  'reject',
  'request-info',
  'dispose',
  'return',
  'accept',
  'respond',
  'reopen',
  'close',
  'archive',
] as const;
export type CaseAction = (typeof CASE_ACTIONS)[number];

export const ROLES = ['super_admin', 'liaison', 'operator', 'supervisor', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export const CASE_TYPES = ['complaint', 'information', 'aspiration'] as const;
export type CaseType = (typeof CASE_TYPES)[number];

/** From open to closed; `secret` hides all that `anonymous` hides, and the content from the public. */
export const CONFIDENTIALITIES = ['public', 'anonymous', 'secret'] as const;
export type Confidentiality = (typeof CONFIDENTIALITIES)[number];

export const MOVE_FIELDS = ['note', 'opd', 'reply'] as const;
export type MoveField = (typeof MOVE_FIELDS)[number];

/** What the reporter can be told of a move: keys of the message templates. */
export const TELL_KEYS = [
  'received',
  'disposed',
  'answered',
  'rejected',
  'closed',
  'request_info',
  'reopened',
] as const;
export type TellKey = (typeof TELL_KEYS)[number];

export interface Move {
  readonly from: readonly CaseStatus[];
  readonly to: CaseStatus;
  /** Fields that must be there and not blank. */
  readonly required: readonly MoveField[];
  /** Who may, beside super_admin, who may make every move. */
  readonly roles: readonly Role[];
  /** Narrows a role to some of `from`; a role that is absent here has all of them. */
  readonly rolesOnlyFrom: Readonly<Partial<Record<Role, readonly CaseStatus[]>>>;
  /** Statuses of `from` out of which the move needs an OPD that is already set. */
  readonly needsOpdFrom: readonly CaseStatus[];
  readonly tell: TellKey | null;
  /** Step of the procedure, 1–10. */
  readonly step: number;
}

export type MoveTable = Readonly<Record<CaseAction, Move>>;

export interface MoveRequest {
  readonly status: CaseStatus;
  /** As it came; an action that is none is answered with `unknown_action`. */
  readonly action: string;
  readonly role: Role;
  readonly fields: Readonly<Partial<Record<MoveField, string | undefined>>>;
  /** True where the case has an OPD already. */
  readonly hasOpd: boolean;
}

export type MoveRefusalCode = 'unknown_action' | 'not_allowed_from' | 'role' | 'missing_field' | 'no_opd';

export type MoveDecision =
  | {
      readonly ok: true;
      readonly action: CaseAction;
      readonly to: CaseStatus;
      readonly tell: TellKey | null;
      readonly step: number;
      /** For a case that now waits for its reporter: where his answer takes it back to. Else null. */
      readonly returnTo: CaseStatus | null;
    }
  | {
      readonly ok: false;
      readonly code: MoveRefusalCode;
      /** English, for the API; no citizen's text. */
      readonly message: string;
      /** The first field that is missing, with `missing_field`. */
      readonly field?: MoveField;
    };

export function isCaseAction(text: string): text is CaseAction {
  return (CASE_ACTIONS as readonly string[]).includes(text);
}

/** Whether a move is allowed, and what follows from it. Pure; whose OPD a liaison is of is the caller's check. */
export function decideMove(table: MoveTable, request: MoveRequest): MoveDecision {
  const { action, status, role, fields } = request;
  if (!isCaseAction(action)) return refuse('unknown_action', 'There is no such action.');
  const move = table[action];
  if (!move.from.includes(status)) {
    return refuse('not_allowed_from', `A case that is ${status} does not allow ${action}.`);
  }
  if (!roleMay(move, role, status)) {
    return refuse('role', `The role ${role} may not ${action} a case that is ${status}.`);
  }
  const missing = move.required.find((field) => (fields[field] ?? '').trim() === '');
  if (missing !== undefined) {
    return { ...refuse('missing_field', `The action ${action} needs the field ${missing}.`), field: missing };
  }
  if (move.needsOpdFrom.includes(status) && !request.hasOpd) {
    return refuse('no_opd', `A case that is ${status} needs an OPD before ${action}.`);
  }
  const returnTo = move.to === 'awaiting_info' ? status : null;
  return { ok: true, action, to: move.to, tell: move.tell, step: move.step, returnTo };
}

function roleMay(move: Move, role: Role, status: CaseStatus): boolean {
  if (role === 'super_admin') return true;
  return move.roles.includes(role) && (move.rolesOnlyFrom[role]?.includes(status) ?? true);
}

function refuse(
  code: MoveRefusalCode,
  message: string,
): { ok: false; code: MoveRefusalCode; message: string } {
  return { ok: false, code, message };
}

export interface AvailableAction {
  readonly action: CaseAction;
  readonly to: CaseStatus;
  readonly required: readonly MoveField[];
  readonly tell: TellKey | null;
  readonly step: number;
}

/** The moves that a role has now, in the order of the procedure: the console's buttons. */
export function availableActions(
  table: MoveTable,
  context: { readonly status: CaseStatus; readonly role: Role; readonly hasOpd: boolean },
): AvailableAction[] {
  const filled = { note: 'x', opd: 'x', reply: 'x' };
  return CASE_ACTIONS.filter((action) => decideMove(table, { ...context, action, fields: filled }).ok).map(
    (action) => {
      const { to, required, tell, step } = table[action];
      return { action, to, required, tell, step };
    },
  );
}

/**
 * The status after the reporter has written on his case: an answer takes `awaiting_info` back to where it
 * was (`received` where that is not known); any other status stays.
 */
export function statusAfterReporterAnswer(status: CaseStatus, returnTo?: CaseStatus | null): CaseStatus {
  return status === 'awaiting_info' ? (returnTo ?? 'received') : status;
}

/** The status after the reporter's objection; null where there is nothing to object to. The time limit is the caller's. */
export function statusAfterObjection(table: MoveTable, status: CaseStatus): CaseStatus | null {
  return table.reopen.from.includes(status) ? table.reopen.to : null;
}

/** The status after the reporter was silent for the configured time; null where silence changes nothing. */
export function statusAfterSilence(table: MoveTable, status: CaseStatus): CaseStatus | null {
  return table.close.from.includes(status) ? table.close.to : null;
}

/** Open: something is still to be done by somebody. Threading joins only these without being asked. */
export function isOpen(status: CaseStatus): boolean {
  return status !== 'closed' && status !== 'rejected' && status !== 'archived';
}
