import { expect, test } from '@jest/globals';
import { itemFrom } from '../../../../adapters/email/item-from.js';
import { parseMail, requestOf, type Pulled } from '../../../../adapters/email/imap/item.js';
import type { RawRequest } from '../../../../src/core/channel.js';
import { CHANNEL, mail, recordingSink, stubParser } from './helpers.js';

const NOW = new Date('2026-11-23T01:00:00.000Z');
const ARRIVED = new Date('2026-11-20T23:00:00.000Z');
const { putBlob } = recordingSink();

const pulled = (arrived: Date | undefined): Pulled => ({
  folder: 'INBOX',
  uidValidity: '7',
  uid: 1,
  bytes: Buffer.from(mail(1)),
  arrived,
  gmailId: undefined,
});

test.each([
  ['a mail that lay in the mailbox while we were away counts from its arrival', ARRIVED, ARRIVED],
  ['one from a server whose clock runs ahead, from now', new Date('2026-11-23T01:00:01.000Z'), NOW],
  ['one whose server does not say when it came, from now', undefined, NOW],
])('%s, also at replay', async (_name, arrived, wanted) => {
  const parse = (request: RawRequest) => parseMail(stubParser, CHANNEL, request, putBlob);
  const { request, parsed } = await itemFrom(requestOf(pulled(arrived), NOW), parse);
  const again = await parse(request);
  expect(request.receivedAt).toEqual(wanted);
  for (const { events } of [parsed, again]) {
    expect(events).toEqual([expect.objectContaining({ receivedAt: wanted.toISOString() })]);
  }
});
