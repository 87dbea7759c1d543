/** Files of a reply on their way to the adapter. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ChannelAdapter, OutboundMessage } from '../../src/core/channel.js';
import { collectingLogger } from '../queue/support.js';
import { CHANNEL, makeService, openReplyStand, putReplies, someone, type ReplyStand } from './stand.js';

const FILE = { name: 'surat.pdf', contentType: 'application/pdf', size: 4, blob: 'a'.repeat(64) };

let stand: ReplyStand;
const sent: { message: OutboundMessage; bytes: string[] }[] = [];
const mail: ChannelAdapter = {
  kind: 'played',
  maxAttachmentBytes: 1_000,
  measure: () => ({ segments: 1, encoding: 'characters', used: 0, left: 1, costIdr: 0, fits: true }),
  send: async (message) => {
    const read = await Promise.all((message.attachments ?? []).map((file) => file.read()));
    sent.push({ message, bytes: read.map(String) });
    return { externalId: `<${message.id}@tabea.example>` };
  },
};
beforeAll(async () => {
  stand = await openReplyStand({ [CHANNEL]: mail });
});
afterAll(() => stand.drop());

async function send(
  files: readonly (typeof FILE)[],
  readBlob: (hash: string) => Promise<Buffer | undefined>,
) {
  const [id = ''] = await putReplies(stand.database, [{ to: someone(), files }]);
  const service = makeService(
    stand.database,
    { [CHANNEL]: mail },
    stand.clock,
    {},
    collectingLogger(),
    readBlob,
  );
  await service.sendReplies(CHANNEL, [id], new AbortController().signal);
  service.close();
  return { row: await stand.row(id), taken: sent.find(({ message }) => message.id === id) };
}

test('the adapter is given names, types and sizes, and reads the bytes when it sends', async () => {
  const { row, taken } = await send([FILE], (hash) =>
    Promise.resolve(Buffer.from(hash === FILE.blob ? '%PDF' : '?')),
  );
  expect(row.state).toBe('sent');
  expect(taken?.message.attachments).toMatchObject([
    { name: 'surat.pdf', contentType: 'application/pdf', size: 4 },
  ]);
  expect(taken?.bytes).toEqual(['%PDF']);
});

test('a reply without files has none', async () => {
  const { taken } = await send([], () => Promise.resolve(undefined));
  expect(taken?.message).not.toHaveProperty('attachments');
});

test('where a file is gone nothing goes out, the channel goes on, and a person is told', async () => {
  const { row, taken } = await send([FILE], () => Promise.resolve(undefined));
  expect(taken).toBeUndefined();
  expect(row).toMatchObject({ state: 'failed', error: 'rejected:file_missing' });
  expect(stand.service.breakers()[0]?.state).toBe('closed');
});
