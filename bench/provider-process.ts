/** Child: the provider of replies: takes a message, answers as Twilio does, counts. Nothing else. */
import { createServer } from 'node:http';
import { serveParent } from './child.js';

let taken = 0;
const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    taken += 1;
    const sid = `SM${taken.toString(16).padStart(32, '0')}`;
    // The fields of https://www.twilio.com/docs/messaging/api/message-resource that an answer always has.
    const body = JSON.stringify({
      sid,
      status: 'queued',
      num_segments: '1',
      num_media: '0',
      direction: 'outbound-api',
      api_version: '2010-04-01',
      price: null,
      price_unit: 'USD',
      error_code: null,
      error_message: null,
      date_created: 'Mon, 23 Nov 2026 01:00:00 +0000',
      date_updated: 'Mon, 23 Nov 2026 01:00:00 +0000',
      date_sent: null,
    });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});

serveParent(
  {
    listen: () =>
      new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          resolve(typeof address === 'object' ? address?.port : undefined);
        });
      }),
    taken: () => Promise.resolve(taken),
  },
  async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
);
