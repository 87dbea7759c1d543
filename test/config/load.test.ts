import { afterEach, describe, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import { projectRoot } from '../../config/root.js';
import { CASE_STATUSES } from '../../src/core/case-life.js';
import { ConfigError } from '../../src/core/errors.js';

const source = join(projectRoot(), 'config');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A copy of Ambon's files with some text replaced. */
function copy(file: string, ...changes: [string, string][]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tabea-config-'));
  folders.push(folder);
  for (const name of ['ambon.yaml', 'sop.yaml', 'calendar.yaml', 'messages']) {
    cpSync(join(source, name), join(folder, name), { recursive: true });
  }
  let text = readFileSync(join(folder, file), 'utf8');
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  writeFileSync(join(folder, file), text);
  return join(folder, 'ambon.yaml');
}

function problems(file: string, variables: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig({ env: readEnv(variables), file });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("Ambon's configuration", () => {
  const config = loadConfig({ env: readEnv({}) });

  test('has the channels of the source, with what they cost the citizen', () => {
    expect(config.channels.map((one) => [one.id, one.kind, one.address, one.cost.amountIdr])).toEqual([
      ['web', 'manual', 'lapor.go.id', 0],
      ['sms-1708', 'sms', '1708', 2200],
      ['sms-08114706999', 'sms', '+628114706999', 350],
      ['call-center', 'manual', '+62811475809', null],
      ['email', 'email', 'diskominfosandi@gmail.com', 0],
      ['twitter', 'twitter', '#laporpengaduan', 0],
      ['facebook', 'facebook', 'tabea_Amq', 0],
      ['complaint-box', 'manual', 'Jl. St Hairun No.1 Kota Ambon', 0],
      ['walk-in', 'manual', 'Jl. St Hairun No.1 Kota Ambon', 0],
    ]);
    expect(config.channels.filter((one) => one.entry === 'public').map((one) => one.id)).toEqual(['web']);
  });

  test('has the ten steps of the source, with their limits', () => {
    expect(config.sop.steps.map((step) => step.limit)).toEqual([
      { minutes: 1 },
      { minutes: 2 },
      { minutes: 1 },
      { minutes: 3 },
      { minutes: 5 },
      { minutes: 1 },
      { minutes: 5 },
      { workingDays: 5 },
      { minutes: 1 },
      { minutes: 1 },
    ]);
    expect(config.deadlines.answerWorkingDays).toBe(5);
  });

  test('every status waits for a step, but for the two that wait for nobody of the city', () => {
    const waiting = new Set(config.sop.steps.flatMap((step) => step.waitsIn));
    expect(CASE_STATUSES.filter((status) => !waiting.has(status))).toEqual(['awaiting_info', 'archived']);
  });

  test('has the times of the threading rules', () => {
    expect(config.threading).toEqual({ continuationMs: 3_600_000, answerMs: 259_200_000 });
  });

  test('demands the names of the contract and no others', () => {
    const names = `
      TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN
      SMS_GATEWAY_URL SMS_GATEWAY_USER SMS_GATEWAY_PASSWORD SMS_GATEWAY_SIGNING_KEY
      IMAP_URL SMTP_URL MAIL_FROM
      X_BEARER_TOKEN X_APP_KEY X_APP_SECRET X_ACCESS_TOKEN X_ACCESS_SECRET
      FB_APP_SECRET FB_VERIFY_TOKEN FB_PAGE_ID FB_PAGE_ACCESS_TOKEN`;
    expect(config.secretNames).toEqual(names.trim().split(/\s+/).sort());
  });

  test('its OPDs have short names that fit an SMS', () => {
    expect(config.opds.length).toBeGreaterThanOrEqual(12);
    for (const opd of config.opds) expect(opd.shortName.length).toBeLessThanOrEqual(24);
  });
});

describe('the virus scanner', () => {
  const clamd = (address: string) => loadConfig({ env: readEnv({ CLAMD_URL: address }) }).antivirus.clamd;

  test('is none unless it is named', () => {
    expect(loadConfig({ env: readEnv({}) }).antivirus.clamd).toBeNull();
    expect(clamd('none')).toBeNull();
    for (const address of ['tcp://127.0.0.1:3310', 'tcp://[::1]:3310', 'unix:/run/clamav/clamd.ctl'])
      expect(clamd(address)).toBe(address);
  });

  test.each(['http://127.0.0.1', '127.0.0.1:3310', 'tcp://host', 'unix:clamd', 'off'])(
    '%s stops the start',
    (address) => {
      expect(problems(join(source, 'ambon.yaml'), { CLAMD_URL: address })).toEqual([
        'ambon.yaml.antivirus.clamd: has not the form of this key',
      ]);
    },
  );
});

describe('TABEA_CHANNELS', () => {
  const enabled = (list: string, file?: string) =>
    loadConfig({ env: readEnv({ TABEA_CHANNELS: list }), ...(file ? { file } : {}) })
      .channels.filter((one) => one.enabled)
      .map((one) => one.id);

  test('is the whole list of what is enabled', () => {
    expect(enabled('email,sms-1708')).toEqual(['sms-1708', 'email']);
    const disabled = copy('ambon.yaml', ['kind: email', 'kind: email\n    enabled: false']);
    expect(enabled('email', disabled)).toEqual(['email']);
    expect(enabled('', disabled)).not.toContain('email');
  });

  test('an unknown channel is named', () => {
    expect(problems(join(source, 'ambon.yaml'), { TABEA_CHANNELS: 'web,sms-1709,x' })).toEqual([
      'TABEA_CHANNELS: there is no channel sms-1709',
      'TABEA_CHANNELS: there is no channel x',
    ]);
  });
});

describe('what is wrong is named, all at once and without values', () => {
  test('in the file of the city', () => {
    const file = copy(
      'ambon.yaml',
      ['continuationMinutes: 60', 'continuationMinutes: rahasia123'],
      ['enabled: true', 'enbled: true'],
      ['repliesPerSecond: 5', 'repliesPerSecond: -5'],
    );
    const found = problems(file);
    expect(found).toEqual(
      expect.arrayContaining([
        'ambon.yaml.threading.continuationMinutes: must be of type number',
        'ambon.yaml.acknowledgement: has unknown keys (enbled)',
        'ambon.yaml.acknowledgement.enabled: is missing',
        'ambon.yaml.channels.6.repliesPerSecond: must be at least 0',
      ]),
    );
    expect(found.join()).not.toContain('rahasia123');
  });

  test('in several files', () => {
    const file = copy(
      'sop.yaml',
      ['to: verified', 'to: verfied'],
      ['answerWorkingDays: 5', 'answerWorkingDays: 0'],
    );
    writeFileSync(file, readFileSync(file, 'utf8').replace('id: bpbd', 'id: satpol-pp'));
    const found = problems(file).join('\n');
    expect(found).toContain('sop.yaml.moves.verify.to: must be one of');
    expect(found).toContain('sop.yaml.answerWorkingDays: must be at least 1');
    expect(found).toContain('ambon.yaml.opds: the id satpol-pp is there twice');
  });

  test.each<[string, [string, string], string]>([
    ['sop.yaml', ['number: 2', 'number: 3'], 'numbers must be 1, 2, 3'],
    ['sop.yaml', ['waitsIn: [responded]', 'waitsIn: [received]'], 'received waits for two steps'],
    ['sop.yaml', ['step: 5', 'step: 11'], 'verify.step: there is no such step'],
    ['sop.yaml', ['needsOpdFrom: [reopened]', 'needsOpdFrom: [closed]'], 'moves.accept: rolesOnlyFrom'],
    ['sop.yaml', ['  archive:', '  unarchive:'], 'sop.yaml.moves'],
    ['calendar.yaml', ["'2026-12-24'", "'2026-12-25'"], '2026-12-25 is there twice'],
    ['calendar.yaml', ["'2026-12-24'", "'2028-12-24'"], '2028-12-24 is in no year'],
    ['calendar.yaml', ["'2026-12-24'", "'2026-02-30'"], 'calendar.yaml.holidays.23.date'],
    ['calendar.yaml', ['monday: 08:00-16:00', 'monday: 16:00-08:00'], 'monday: closes before it opens'],
    ['calendar.yaml', ['monday: 08:00-16:00', 'monday: 8-16'], 'calendar.yaml.officeHours.monday'],
    ['ambon.yaml', ['sop: sop.yaml', 'sop: gone.yaml'], 'gone.yaml: cannot be read'],
    ['ambon.yaml', ['messages: messages', 'messages: gone'], 'cannot be read'],
    ['ambon.yaml', ['id: walk-in', 'id: web'], 'the id web is there twice'],
    [
      'messages/id.yaml',
      ['{number}. Dijawab', '{nomor}. Dijawab'],
      'id: templates.received must have the placeholders',
    ],
    ['messages/en.yaml', ['    closed: Closed', '    closd: Closed'], 'en: labels.status.closed is missing'],
  ])('%s %j', (file, change, expected) => {
    expect(problems(copy(file, change)).join('\n')).toContain(expected);
  });

  test('broken YAML is named by its line, without its content', () => {
    const found = problems(copy('ambon.yaml', ['name: Kota Ambon', 'name: [rahasia123']));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^ambon\.yaml: not valid YAML at line \d+/);
    expect(found[0]).not.toContain('rahasia123');
  });

  test('a file that does not exist', () => {
    expect(problems('/nonexistent/tabea.yaml')[0]).toContain('/nonexistent/tabea.yaml: cannot be read');
  });
});
