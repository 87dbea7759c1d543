/** What a mail server or a mail program reports on a mail of ours. The ids that it names are not believed here. */
import { readBounceText } from './bounce-text.js';
import { reportedIds, returnedIds } from './reported-ids.js';
import type { Part } from './parts.js';

export type ReportOutcome = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'read' | 'not_read' | 'abuse';

export interface MailReport {
  readonly kind: 'bounce' | 'receipt' | 'abuse';
  readonly outcome: ReportOutcome;
  /** Told by its words alone, without a part for machines: it may as well be a letter. */
  readonly isProse: boolean;
  /** Enhanced status (RFC 3463) such as `5.1.1`, or the three digits of SMTP. */
  readonly code?: string;
  /** Ids of the mail that it may be about, the likeliest first. */
  readonly ids: readonly string[];
}

/** Machine parts are some hundred bytes. */
const MAX_MACHINE_BYTES = 64 * 1024;

/** What speaks for a report beside its content. */
export interface ReportSigns {
  /** No person has sent it, by its address or by the null envelope. */
  readonly isFromRobot: boolean;
  /** A mail server itself has: only such a one is believed a bounce in prose. */
  readonly isFromServer: boolean;
}

/**
 * Undefined where the mail is no report. Only the outermost structure counts: a citizen who passes a bounce
 * on writes a mail of his own around it.
 */
export function readReport(root: Part, { isFromRobot, isFromServer }: ReportSigns): MailReport | undefined {
  const leaves = leavesOf(root);
  const machine = isFromRobot || root.contentType === 'multipart/report' ? machinePart(leaves) : undefined;
  if (machine === undefined) {
    const bounce = isFromServer ? readBounceText(root, leaves) : undefined;
    return bounce && { kind: 'bounce', isProse: true, ...bounce, ids: returnedIds(root, leaves) };
  }
  const ids = reportedIds(root, leaves);
  switch (machine.contentType) {
    case 'message/disposition-notification':
      return { kind: 'receipt', isProse: false, outcome: dispositionOf(machine), ids };
    case 'message/feedback-report':
      return { kind: 'abuse', isProse: false, outcome: 'abuse', ids };
    default:
      return { kind: 'bounce', isProse: false, ...deliveryOf(machine), ids };
  }
}

const MACHINE = new Set([
  'message/delivery-status',
  'message/global-delivery-status',
  'message/disposition-notification',
  'message/global-disposition-notification',
  'message/feedback-report',
]);

function machinePart(leaves: readonly Part[]): Part | undefined {
  const found = leaves.find((leaf) => MACHINE.has(leaf.contentType));
  return found && { ...found, contentType: found.contentType.replace('/global-', '/') };
}

export function leavesOf(part: Part): Part[] {
  return part.children.length === 0 ? [part] : part.children.flatMap(leavesOf);
}

type Fields = ReadonlyMap<string, string>;

/** RFC 3464, 2.1: groups of fields, with a blank line between; the first is about the mail as a whole. */
function fieldGroups(part: Part): Fields[] {
  const text = part.bytes.subarray(0, MAX_MACHINE_BYTES).toString('latin1');
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/\n(?=[ \t]+\S)/g, ' ')
    .split(/\n\s*\n/)
    .map((group) => {
      const fields = new Map<string, string>();
      for (const line of group.split('\n')) {
        const [, name, value] = /^([\w-]{1,60})[ \t]*:(.*)$/.exec(line) ?? [];
        if (name !== undefined && value !== undefined) fields.set(name.toLowerCase(), value.trim());
      }
      return fields;
    })
    .filter((fields) => fields.size > 0);
}

/** A reply goes to one recipient, but his server may report on where it passed it on: the worst counts. */
const WORST_FIRST: readonly ReportOutcome[] = ['failed', 'delayed', 'delivered', 'relayed'];

function deliveryOf(part: Part): { outcome: ReportOutcome; code?: string } {
  const verdicts = fieldGroups(part)
    .filter((fields) => fields.has('action') || fields.has('status') || fields.has('final-recipient'))
    .map((fields) => {
      const code = statusOf(fields);
      return { outcome: outcomeOf(fields.get('action') ?? '', code), ...(code !== undefined && { code }) };
    });
  for (const outcome of WORST_FIRST) {
    const verdict = verdicts.find((one) => one.outcome === outcome);
    if (verdict !== undefined) return outcome === 'failed' ? verdict : { outcome };
  }
  return { outcome: 'relayed' };
}

/** The action says it; 4.4.7 with `failed` is a server that has given up. */
function outcomeOf(action: string, code: string | undefined): ReportOutcome {
  switch (action.split(/[\s(;]/, 1)[0]?.toLowerCase()) {
    case 'failed':
      return 'failed';
    case 'delayed':
      return 'delayed';
    case 'delivered':
      return 'delivered';
    case 'relayed':
    case 'expanded':
      return 'relayed';
    default:
      if (code === undefined) return 'relayed';
      return code.startsWith('5') ? 'failed' : code.startsWith('4') ? 'delayed' : 'delivered';
  }
}

function statusOf(fields: Fields): string | undefined {
  const said = `${fields.get('status') ?? ''} ${fields.get('diagnostic-code') ?? ''}`;
  return /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/.exec(said)?.[1];
}

/** RFC 8098, 3.2.6: `manual-action/MDN-sent-manually; displayed`. */
function dispositionOf(part: Part): ReportOutcome {
  const disposition =
    fieldGroups(part)
      .find((fields) => fields.has('disposition'))
      ?.get('disposition') ?? '';
  return /;\s*displayed\b/i.test(disposition) ? 'read' : 'not_read';
}
