import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { simpleParser, type ParsedMail } from 'mailparser';
import { composeMail, subjectOf, type ComposeContext } from '../../../../adapters/email/smtp/compose.js';
import { makeMessageIds, readCaseTokenId } from '../../../../adapters/email/message-ids.js';
import type { OutboundAttachment, OutboundMessage } from '../../../../src/core/channel.js';
import { CITIZEN, errorOf, NOW, outbound } from './helpers.js';

const TOKEN = `1234567894-${'ab'.repeat(10)}`;
const context: ComposeContext = {
  address: 'lapor@ambon.example',
  from: { address: 'tabea@ambon.example', name: 'Tabea Ambon' },
  ids: makeMessageIds(() => 'f'.repeat(20), 'ambon.example'),
  maxAttachmentBytes: 1_000,
  now: () => NOW,
};

async function compose(over: Partial<OutboundMessage> = {}, from: ComposeContext['from'] = context.from) {
  const mail = await composeMail(outbound(over), { ...context, from });
  const [head = ''] = mail.raw.toString('latin1').split('\r\n\r\n', 1);
  const headers = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  return { ...mail, headers, parsed: await simpleParser(mail.raw) };
}
const valuesOf = (headers: readonly string[], name: string) =>
  headers
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());

describe('an answer', () => {
  test('by a person: from us to the citizen, in text and HTML', async () => {
    const { parsed, envelope, headers } = await compose();
    expect(envelope).toEqual({ from: 'tabea@ambon.example', to: CITIZEN });
    expect(parsed.from?.text).toBe('"Tabea Ambon" <tabea@ambon.example>');
    expect(parsed.subject).toBe('Re: Lampu jalan padam');
    expect(parsed.text?.trimEnd()).toBe(outbound().text);
    expect(parsed.html).toContain('<p dir="auto">Salam hormat,</p>');
    expect(parsed.date).toEqual(new Date('2026-11-25T03:04:05Z'));
    expect(valuesOf(headers, 'X-Loop')).toEqual(['lapor@ambon.example']);
    for (const name of ['Auto-Submitted', 'X-Auto-Response-Suppress', 'Precedence', 'X-Mailer', 'Bcc']) {
      expect(valuesOf(headers, name)).toEqual([]);
    }
  });

  test('by the machine: says so, and comes from nobody', async () => {
    const { envelope, headers } = await compose({ automated: true });
    expect(envelope).toEqual({ from: '', to: CITIZEN });
    expect(valuesOf(headers, 'Auto-Submitted')).toEqual(['auto-replied']);
    expect(valuesOf(headers, 'X-Auto-Response-Suppress')).toEqual(['All']);
    expect(valuesOf(headers, 'From')).toEqual(['Tabea Ambon <tabea@ambon.example>']);
  });

  test('stands in the thread and carries the token of the case', async () => {
    const thread = {
      references: [
        `second@warga.example:${'0a'.repeat(16)}`,
        'ours.ffffffffffffffffffff@ambon.example',
        'first@mail.gmail.com:gm-1798123456789',
        `no-message-id:${'0b'.repeat(16)}`,
      ],
      caseToken: TOKEN,
    };
    const { headers } = await compose({ thread });
    expect(valuesOf(headers, 'In-Reply-To')).toEqual(['<second@warga.example>']);
    const references = valuesOf(headers, 'References')[0]?.split(' ') ?? [];
    expect(readCaseTokenId(references[0]?.slice(1, -1) ?? '')).toBe(TOKEN);
    expect(references.slice(1)).toEqual([
      '<first@mail.gmail.com>',
      '<ours.ffffffffffffffffffff@ambon.example>',
      '<second@warga.example>',
    ]);
    expect(valuesOf(headers, 'X-Tabea-Case')).toEqual([TOKEN]);
  });

  test('to a mail without an id stands alone, but for the token', async () => {
    const { headers } = await compose({
      subject: 'Lampu',
      thread: { references: [`no-message-id:${'0b'.repeat(16)}`], caseToken: TOKEN },
    });
    expect(valuesOf(headers, 'Subject')).toEqual(['Re: Lampu']);
    expect(valuesOf(headers, 'In-Reply-To')).toEqual([]);
    expect(valuesOf(headers, 'References')).toEqual([`<tabea.${TOKEN}@ambon.example>`]);
  });

  test('keeps the ends of a long thread', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `m${i}@warga.example`);
    const { headers } = await compose({ thread: { references: ids } });
    const references = valuesOf(headers, 'References')[0]?.split(' ') ?? [];
    expect(references).toHaveLength(20);
    expect(references[0]).toBe('<m59@warga.example>');
    expect(references.at(-1)).toBe('<m0@warga.example>');
  });
});

describe('the subject', () => {
  test.each([
    ['Lampu', true, 'Re: Lampu'],
    ['Re: Lampu', true, 'Re: Lampu'],
    ['RE: re: Bls: Balas: AW: Re[2]: Lampu', true, 'Re: Lampu'],
    ['Laporan Anda', false, 'Laporan Anda'],
    ['re: Lampu', false, 'Re: Lampu'],
    ['Rehabilitasi jalan', true, 'Re: Rehabilitasi jalan'],
    ['Re:', true, 'Re: Laporan Anda'],
    ['', true, 'Re: Laporan Anda'],
    [undefined, false, 'Laporan Anda'],
    ['a\r\nBcc: x@evil.example\r\n\r\nbody', true, 'Re: a Bcc: x@evil.example body'],
    ['a\u2028b\u0000c\u0085d', true, 'Re: a b c d'],
  ])('%p (an answer: %p) becomes %p', (given, isAnswer, expected) => {
    expect(subjectOf(given, isAnswer)).toBe(expected);
  });

  test('is cut between characters', () => {
    const cut = subjectOf('😀'.repeat(300), true);
    expect(Array.from(cut)).toHaveLength(200);
    expect(Buffer.from(cut).toString()).toBe(cut);
  });
});

describe('nobody else says what stands in our headers', () => {
  const EVIL = 'x\r\nBcc: victim@evil.example\r\nX-Evil: 1\r\n\r\n<script>';
  const OWN_HEADERS = new Set([
    'Content-Type',
    'Date',
    'From',
    'MIME-Version',
    'Message-ID',
    'Subject',
    'To',
    'X-Loop',
  ]);
  const names = ['bcc', 'x-evil', 'cc', 'reply-to'];
  const isClean = (parsed: ParsedMail) => names.every((name) => !parsed.headers.has(name));

  test.each<[string, Partial<OutboundMessage>]>([
    ['subject', { subject: EVIL }],
    ['name', { to: { scheme: 'mailto', value: CITIZEN, name: EVIL } }],
    ['name with quotes', { to: { scheme: 'mailto', value: CITIZEN, name: 'a" <victim@evil.example>, "b' } }],
    ['thread', { thread: { references: [`a@b.example>\r\nX-Evil: 1`, EVIL] } }],
    ['token', { thread: { caseToken: EVIL } }],
    ['id', { id: EVIL }],
    ['file name', { attachments: [file({ name: EVIL })] }],
    ['file type', { attachments: [file({ contentType: EVIL })] }],
  ])('%s', async (_what, over) => {
    const { parsed, headers, envelope } = await compose(over);
    expect(isClean(parsed)).toBe(true);
    expect(envelope.to).toBe(CITIZEN);
    const to = [parsed.to ?? []].flat().flatMap(({ value }) => value.map(({ address }) => address));
    expect(to).toEqual([CITIZEN]);
    expect(headers.filter((line) => /^(?:bcc|x-evil|cc):/i.test(line))).toEqual([]);
  });

  test('whatever a subject and a name are made of, the mail has its own headers', async () => {
    const text = fc.string({
      unit: fc.constantFrom('\r', '\n', ':', 'B', 'c', ' ', '"', '<', '>', ',', 'é', '\u2028', '=?'),
    });
    await fc.assert(
      fc.asyncProperty(text, text, async (subject, name) => {
        const { parsed, headers } = await compose({
          subject,
          to: { scheme: 'mailto', value: CITIZEN, name },
        });
        expect(isClean(parsed)).toBe(true);
        expect(headers).toHaveLength(OWN_HEADERS.size);
        expect(new Set(headers.map((line) => line.split(':', 1)[0]))).toEqual(OWN_HEADERS);
        expect([parsed.to ?? []].flat().flatMap(({ value }) => value)).toMatchObject([{ address: CITIZEN }]);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    'budi@warga.example>\r\nRCPT TO:<victim@evil.example',
    'budi@warga.example,victim@evil.example',
    'budi@warga.example victim@evil.example',
    '<budi@warga.example>',
    '"budi\r\n"@warga.example',
    'budi@[127.0.0.1]',
    'budi@warga',
    'budi',
    '',
    `${'a'.repeat(300)}@warga.example`,
  ])('%p is not written to', async (value) => {
    const error = await errorOf(composeMail(outbound({ to: { scheme: 'mailto', value } }), context));
    expect(error).toMatchObject({ code: 'rejected', retry: 'never', certainty: 'not_sent' });
  });

  test('a number is not written to', async () => {
    const to = { scheme: 'tel', value: '+6281200000011' };
    expect(await errorOf(composeMail(outbound({ to }), context))).toMatchObject({ code: 'rejected' });
  });
});

describe('the HTML', () => {
  test('has the same words, and nothing to run or to load', async () => {
    const text =
      'Lihat <img src=x onerror=alert(1)> & "ini":\nhttps://tabea.example/lacak?a=1&b=2.\n\n\nTerima kasih';
    const { parsed } = await compose({ text });
    const html = parsed.html || '';
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;ini&quot;:<br>');
    expect(html).toContain(
      '<a href="https://tabea.example/lacak?a=1&amp;b=2">https://tabea.example/lacak?a=1&amp;b=2</a>.',
    );
    expect(html.match(/<\w+/g)).toEqual(expect.not.arrayContaining(['<img', '<script', '<link', '<style']));
    expect(parsed.text?.trimEnd()).toBe(text);
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://x'])('%s is no link', async (url) => {
    const { parsed } = await compose({ text: `klik ${url}` });
    expect(parsed.html).not.toContain('<a ');
  });
});

describe('files', () => {
  test('go along as what they are, none of them unpacked', async () => {
    const attachments = [
      file({
        name: 'Surat Tugas – “2026”.pdf',
        contentType: 'application/pdf',
        content: Buffer.from('%PDF'),
      }),
      file({ name: 'mail.eml', contentType: 'message/rfc822', content: Buffer.from('Subject: x\r\n\r\nx') }),
    ];
    const { parsed, raw } = await compose({ attachments });
    expect(raw.toString('latin1')).not.toMatch(/^content-type: *message/im);
    expect(
      parsed.attachments.map(({ filename, content, contentDisposition }) => [
        filename,
        content.toString(),
        contentDisposition,
      ]),
    ).toEqual([
      ['Surat Tugas – “2026”.pdf', '%PDF', 'attachment'],
      ['mail.eml', 'Subject: x\r\n\r\nx', 'attachment'],
    ]);
  });

  test.each([
    ['as announced', [file({ size: 600 }), file({ size: 401 })]],
    ['as they are', [file({ size: 1, content: Buffer.alloc(1_001) })]],
  ])('above the limit %s are refused for good', async (_how, attachments) => {
    expect(await errorOf(composeMail(outbound({ attachments }), context))).toMatchObject({
      code: 'rejected',
      retry: 'never',
      certainty: 'not_sent',
      providerCode: '5.3.4',
    });
  });

  test('at the limit are taken', async () => {
    const { parsed } = await compose({ attachments: [file({ size: 1_000, content: Buffer.alloc(1_000) })] });
    expect(parsed.attachments).toHaveLength(1);
  });

  test('that cannot be read are tried again: nothing was sent', async () => {
    const broken = { ...file({}), read: () => Promise.reject(new Error('disk')) };
    expect(await errorOf(composeMail(outbound({ attachments: [broken] }), context))).toMatchObject({
      retry: 'backoff',
      certainty: 'not_sent',
    });
  });
});

function file(over: Partial<OutboundAttachment> & { readonly content?: Buffer }): OutboundAttachment {
  const { content = Buffer.from('x'), ...rest } = over;
  return {
    name: 'a.txt',
    contentType: 'text/plain',
    size: content.length,
    ...rest,
    read: () => Promise.resolve(content),
  };
}
