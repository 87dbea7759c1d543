/** To which case a message belongs. Pure: the store gathers the facts, this decides, in a fixed order. */

/** A case that a message points at. */
export interface PointedCase {
  readonly caseId: string;
  /** The sender of the message is the reporter of the case. */
  readonly own: boolean;
  /** Nothing can be added to it any more. */
  readonly archived: boolean;
}

export interface ThreadFacts {
  /** When the message was received, on our clock. */
  readonly receivedAt: Date;
  /** Case of a token of ours whose HMAC was verified: as good as being its sender. */
  readonly byToken?: PointedCase | null;
  /** Cases of the provider's thread (conversation, references), nearest first. */
  readonly byThread: readonly PointedCase[];
  /** Cases of the valid tracking numbers in the text, in the order of the text; unknown numbers left out. */
  readonly byNumber: readonly PointedCase[];
  /** The sender's newest open case on this channel. */
  readonly newest: NewestCase | null;
}

export interface NewestCase {
  readonly caseId: string;
  readonly awaitingInfo: boolean;
  /** When its reporter last wrote on it. */
  readonly reporterWroteAt: Date | null;
  /** When a person of the city, not the machine, last wrote to him on it. */
  readonly personWroteAt: Date | null;
}

export interface ThreadingTimes {
  /** The reporter goes on with what he wrote (default 60 min). */
  readonly continuationMs: number;
  /** The reporter answers a person (default 72 h). */
  readonly answerMs: number;
}

export type JoinReason = 'token' | 'thread' | 'number' | 'awaiting_info' | 'continuation' | 'answer';
export type NewReason = 'first' | 'stranger_thread' | 'stranger_number' | 'archived' | 'nothing_recent';

export type ThreadDecision =
  | { readonly kind: 'join'; readonly caseId: string; readonly why: JoinReason }
  /** `linkTo`: shown beside each other to the staff; the stranger sees nothing of the other case. */
  | { readonly kind: 'new'; readonly linkTo?: string; readonly why: NewReason };

/** (a) token or provider's thread, (b) tracking number, (c) the sender's newest open case, (d) a new case. */
export function decideThread(facts: ThreadFacts, times: ThreadingTimes): ThreadDecision {
  const { byToken } = facts;
  if (byToken) return joinOrLink([{ ...byToken, own: true }], 'token', 'stranger_thread');
  if (facts.byThread.length > 0) return joinOrLink(facts.byThread, 'thread', 'stranger_thread');
  if (facts.byNumber.length > 0) return joinOrLink(facts.byNumber, 'number', 'stranger_number');
  return joinNewest(facts, times);
}

/** The first that is the sender's own is joined; a stranger's, or an archived one, is only linked. */
function joinOrLink(cases: readonly PointedCase[], why: JoinReason, stranger: NewReason): ThreadDecision {
  const own = cases.filter((one) => one.own);
  const joined = own.find((one) => !one.archived);
  if (joined) return { kind: 'join', caseId: joined.caseId, why };
  const [first] = own.length > 0 ? own : cases;
  if (!first) return { kind: 'new', why: 'first' };
  return { kind: 'new', linkTo: first.caseId, why: first.own ? 'archived' : stranger };
}

function joinNewest({ newest, receivedAt }: ThreadFacts, times: ThreadingTimes): ThreadDecision {
  if (!newest) return { kind: 'new', why: 'first' };
  const { caseId } = newest;
  const within = (at: Date | null, ms: number) => at !== null && receivedAt.getTime() - at.getTime() <= ms;
  if (newest.awaitingInfo) return { kind: 'join', caseId, why: 'awaiting_info' };
  if (within(newest.reporterWroteAt, times.continuationMs))
    return { kind: 'join', caseId, why: 'continuation' };
  if (within(newest.personWroteAt, times.answerMs)) return { kind: 'join', caseId, why: 'answer' };
  return { kind: 'new', why: 'nothing_recent' };
}
