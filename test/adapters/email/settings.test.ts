import { describe, expect, test } from '@jest/globals';
import { emailSettings } from '../../../adapters/email/settings.js';
import { settle } from '../../../src/compose/settings.js';

const usual = {
  imapUrl: 'imaps://lapor%40ambon.example:rahasia@imap.example:993',
  smtpUrl: 'smtps://lapor%40ambon.example:rahasia@smtp.example:465',
  from: 'Tabea Ambon <lapor@ambon.example>',
};
const problems = (settings: object) =>
  emailSettings
    .safeParse(settings)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('settings', () => {
  test('need little', () => {
    expect(emailSettings.parse(usual)).toMatchObject({
      imapUrl: [usual.imapUrl],
      folders: ['INBOX'],
      afterwards: { markSeen: false },
      reception: { url: undefined, recipients: [] },
    });
  });

  test.each(['', 'none'])('no mailbox is %p, and then there must be a reception', (imapUrl) => {
    expect(problems({ ...usual, imapUrl })).toEqual([expect.stringContaining('needs a way in')]);
    const reception = { url: 'smtp://127.0.0.1:2525' };
    expect(emailSettings.parse({ ...usual, imapUrl, reception })).toMatchObject({ imapUrl: [], reception });
  });

  test.each([
    ['from', 'Tabea Ambon', 'must be an address'],
    ['from', 'a@b.example, c@d.example', 'must be an address'],
    ['smtpUrl', 'smtps://lapor:100%@smtp.example', 'percent-encoded'],
    ['smtpUrl', 'https://smtp.example', 'URL'],
  ])('%s %p is refused without telling it', (key, value, words) => {
    const [problem = '', ...others] = problems({ ...usual, [key]: value });
    expect(others).toEqual([]);
    expect(problem).toContain(words);
    expect(problem).not.toContain(value);
  });
});

test('outside the demo every address that is missing stops the start, by name', async () => {
  const problem = settle({
    DATABASE_URL: 'postgresql://localhost/none',
    TABEA_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
    TABEA_CHANNELS: 'email',
  });
  for (const name of ['IMAP_URL', 'SMTP_URL', 'MAIL_FROM']) {
    await expect(problem).rejects.toThrow(name);
  }
});
