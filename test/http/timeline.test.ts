import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TwitterSimulator } from '../../adapters/twitter/simulator.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { httpClient } from '../support/http-client.js';

const silent = () => undefined;
const settings = {
  bearerToken: 'b',
  appKey: 'k',
  appSecret: 's',
  accessToken: '1500000000000000001-t',
  accessSecret: 'z',
  apiUrl: 'http://127.0.0.1:1',
};
const CITIZEN = '@warga_ambon';
const conversation = `/simulator/conversation?channel=twitter&from=${encodeURIComponent(CITIZEN)}`;

let x: TwitterSimulator;
let app: HttpApp;

beforeAll(async () => {
  x = new TwitterSimulator({
    channels: [{ channelId: 'twitter', label: 'X #laporpengaduan', address: '#laporpengaduan', settings }],
    gatewayUrl: 'http://127.0.0.1:1',
    publicUrl: 'http://127.0.0.1:1',
    clock: { now: () => new Date() },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  app = await startHttpApp({ deps: { demo: { played: [{ kind: 'twitter', part: x }] } } });
});
afterAll(async () => {
  await x.close();
  await app.close();
});

test('a citizen posts, sees the answer, answers it, and deletes his post', async () => {
  const client = httpClient(app.url);
  const page = await client.get('/simulator');
  expect(page.text).toContain('data-look="timeline"');
  expect(page.text).toContain(`Akun Anda: ${CITIZEN}`);
  const write = async (text: string, subject?: string) => {
    const fields = { channel: 'twitter', from: CITIZEN, text, ...(subject !== undefined && { subject }) };
    expect((await client.form('/simulator/messages', fields)).status).toBe(303);
  };

  await write('Lampu <b>padam</b> #laporpengaduan');
  const [post] = x.posts.visible();
  const answer = x.posts.add({ author: x.posts.account, text: 'Terima kasih.', answers: post?.id ?? '' });
  const { text: answered } = await client.get(conversation);
  expect(answered).toContain('Lampu &lt;b>padam&lt;/b>');
  expect(answered).toContain('@tabea_ambon → @warga_ambon');
  expect(answered).toContain(`value="reply:${answer.id}"`);
  expect(answered).toContain(`value="delete:${post?.id}"`);

  await write('Sudah menyala', `reply:${answer.id}`);
  expect(x.posts.visible()[0]).toMatchObject({ answers: answer.id, conversationId: post?.id });
  await write('-', `delete:${post?.id}`);
  const { text: deleted } = await client.get(conversation);
  expect(deleted).toContain('Kiriman ini telah dihapus.');
  expect(deleted).not.toContain('padam');
  expect(deleted).toContain('Sudah menyala');
});

test('nobody deletes a post of somebody else', async () => {
  const client = httpClient(app.url);
  await client.get('/simulator');
  const post = x.posts.add({ author: x.posts.userNamed('lain'), text: 'milik orang lain' });
  const fields = { channel: 'twitter', from: CITIZEN, text: '-', subject: `delete:${post.id}` };
  expect((await client.form('/simulator/messages', fields)).headers.get('location')).toContain('failed=1');
  expect(post.isDeleted).toBe(false);
});
