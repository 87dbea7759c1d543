import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import {
  availableActions,
  CASE_ACTIONS,
  CASE_STATUSES,
  decideMove,
  isOpen,
  ROLES,
  statusAfterObjection,
  statusAfterReporterAnswer,
  statusAfterSilence,
  type CaseAction,
  type CaseStatus,
  type MoveField,
} from '../../src/core/case-life.js';

const table = loadConfig({ env: readEnv({}) }).sop.moves;

/** The table of the black-box contract, typed off it a second time: what the YAML must say. */
const CONTRACT: Record<CaseAction, { field?: MoveField; from: CaseStatus[]; to: CaseStatus }> = {
  verify: { from: ['received', 'awaiting_info', 'reopened'], to: 'verified' },
  reject: { field: 'note', from: ['received', 'awaiting_info', 'verified', 'reopened'], to: 'rejected' },
  'request-info': {
    field: 'note',
    from: ['received', 'verified', 'dispositioned', 'in_progress', 'reopened'],
    to: 'awaiting_info',
  },
  dispose: { field: 'opd', from: ['verified', 'returned', 'reopened'], to: 'dispositioned' },
  return: { field: 'note', from: ['dispositioned', 'in_progress'], to: 'returned' },
  accept: { from: ['dispositioned', 'reopened'], to: 'in_progress' },
  respond: { field: 'reply', from: ['in_progress', 'responded'], to: 'responded' },
  reopen: { field: 'note', from: ['responded', 'closed', 'rejected'], to: 'reopened' },
  close: { from: ['responded'], to: 'closed' },
  archive: { from: ['closed', 'rejected'], to: 'archived' },
};

const all = { note: 'Alasan', opd: 'bpbd', reply: 'Jawaban' };

describe('decideMove', () => {
  test.each(CASE_ACTIONS.flatMap((action) => CASE_STATUSES.map((status) => [status, action] as const)))(
    'super_admin: %s, %s as the contract says',
    (status, action) => {
      const { from, to, field } = CONTRACT[action];
      const decision = decideMove(table, { status, action, role: 'super_admin', fields: all, hasOpd: true });
      if (!from.includes(status)) {
        expect(decision).toMatchObject({ ok: false, code: 'not_allowed_from' });
        return;
      }
      expect(decision).toMatchObject({ ok: true, to });
      const blank = { ...all, ...(field ? { [field]: ' \n' } : {}) };
      const without = decideMove(table, { status, action, role: 'super_admin', fields: blank, hasOpd: true });
      expect(without).toMatchObject(field ? { ok: false, code: 'missing_field', field } : { ok: true });
      const bare = decideMove(table, { status, action, role: 'super_admin', fields: {}, hasOpd: true });
      expect(bare.ok).toBe(field === undefined);
    },
  );

  test('no role can do what a super_admin cannot', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CASE_STATUSES),
        fc.constantFrom(...CASE_ACTIONS),
        fc.constantFrom(...ROLES),
        fc.record({ note: fc.string(), opd: fc.string(), reply: fc.string() }, { requiredKeys: [] }),
        fc.boolean(),
        (status, action, role, fields, hasOpd) => {
          const mine = decideMove(table, { status, action, role, fields, hasOpd });
          const admin = decideMove(table, { status, action, role: 'super_admin', fields, hasOpd });
          if (mine.ok) expect(admin).toEqual(mine);
          if (!admin.ok) expect(mine.ok).toBe(false);
          if (role === 'operator' || role === 'supervisor' || role === 'viewer') expect(mine.ok).toBe(false);
        },
      ),
    );
  });

  test.each<[CaseStatus, CaseAction, boolean]>([
    ['received', 'verify', false],
    ['received', 'request-info', false],
    ['verified', 'request-info', false],
    ['dispositioned', 'request-info', true],
    ['in_progress', 'request-info', true],
    ['verified', 'dispose', false],
    ['dispositioned', 'return', true],
    ['dispositioned', 'accept', true],
    ['in_progress', 'respond', true],
    ['responded', 'respond', true],
    ['received', 'reject', false],
    ['responded', 'close', true],
    ['closed', 'archive', true],
  ])('liaison: %s, %s → %s', (status, action, allowed) => {
    const decision = decideMove(table, { status, action, role: 'liaison', fields: all, hasOpd: true });
    expect(decision).toMatchObject(allowed ? { ok: true } : { ok: false, code: 'role' });
  });

  test('accept out of reopened needs an OPD that is set', () => {
    const request = { status: 'reopened', action: 'accept', role: 'super_admin', fields: {} } as const;
    expect(decideMove(table, { ...request, hasOpd: false })).toMatchObject({ ok: false, code: 'no_opd' });
    expect(decideMove(table, { ...request, hasOpd: true })).toMatchObject({ ok: true, to: 'in_progress' });
  });

  test.each(['', 'delete', 'VERIFY', 'constructor', '__proto__'])('%j is no action', (action) => {
    expect(
      decideMove(table, { status: 'received', action, role: 'super_admin', fields: all, hasOpd: true }),
    ).toMatchObject({ ok: false, code: 'unknown_action' });
  });

  test('the reporter is told of what concerns him', () => {
    expect(Object.fromEntries(CASE_ACTIONS.map((action) => [action, table[action].tell]))).toEqual({
      verify: null,
      reject: 'rejected',
      'request-info': 'request_info',
      dispose: 'disposed',
      return: null,
      accept: null,
      respond: 'answered',
      reopen: null,
      close: 'closed',
      archive: null,
    });
  });
});

describe('availableActions', () => {
  test('are exactly the moves that are then allowed', () => {
    for (const status of CASE_STATUSES) {
      for (const role of ROLES) {
        for (const hasOpd of [false, true]) {
          const offered = availableActions(table, { status, role, hasOpd }).map((one) => one.action);
          const allowed = CASE_ACTIONS.filter(
            (action) => decideMove(table, { status, action, role, fields: all, hasOpd }).ok,
          );
          expect(offered).toEqual(allowed);
        }
      }
    }
  });

  test('say what they need', () => {
    expect(availableActions(table, { status: 'verified', role: 'super_admin', hasOpd: false })).toEqual([
      { action: 'reject', to: 'rejected', required: ['note'], tell: 'rejected', step: 5 },
      { action: 'request-info', to: 'awaiting_info', required: ['note'], tell: 'request_info', step: 5 },
      { action: 'dispose', to: 'dispositioned', required: ['opd'], tell: 'disposed', step: 6 },
    ]);
  });
});

describe('the reporter', () => {
  test('takes a case that waits for him back to where it was', () => {
    for (const status of CONTRACT['request-info'].from) {
      const asked = decideMove(table, {
        status,
        action: 'request-info',
        role: 'super_admin',
        fields: all,
        hasOpd: true,
      });
      if (!asked.ok) throw new Error('refused');
      expect(statusAfterReporterAnswer(asked.to, asked.returnTo)).toBe(status);
    }
  });

  test('changes no other status by writing, and does not know where a lost one was', () => {
    for (const status of CASE_STATUSES.filter((one) => one !== 'awaiting_info')) {
      expect(statusAfterReporterAnswer(status, 'received')).toBe(status);
    }
    expect(statusAfterReporterAnswer('awaiting_info')).toBe('received');
  });

  test('objects to an end, and closes an answered case by silence', () => {
    const objecting = CASE_STATUSES.filter((status) => statusAfterObjection(table, status) === 'reopened');
    expect(objecting).toEqual(['rejected', 'responded', 'closed']);
    const silent = CASE_STATUSES.filter((status) => statusAfterSilence(table, status) === 'closed');
    expect(silent).toEqual(['responded']);
    expect(statusAfterObjection(table, 'archived')).toBeNull();
    expect(statusAfterSilence(table, 'received')).toBeNull();
  });
});

test('only an end is not open', () => {
  expect(CASE_STATUSES.filter((status) => !isOpen(status))).toEqual(['rejected', 'closed', 'archived']);
});

test('from every status but the last there is a way on, and to the archive', () => {
  const next = (status: CaseStatus) =>
    availableActions(table, { status, role: 'super_admin', hasOpd: true }).map((one) => one.to);
  for (const start of CASE_STATUSES) {
    const seen = new Set<CaseStatus>([start]);
    for (const status of seen) for (const to of next(status)) seen.add(to);
    expect(seen.has('archived')).toBe(true);
  }
  expect(next('archived')).toEqual([]);
});
