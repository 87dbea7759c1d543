/** Child: the limit of `accept`: bare Express with `urlencoded` and a constant answer, nothing else. */
import express from 'express';
import { createServer } from 'node:http';
import { serveParent } from './child.js';

const app = express();
app.use(express.urlencoded({ extended: false }));
app.post('/webhooks/:channel', (_request, response) => {
  response.type('text/xml').send('<?xml version="1.0" encoding="UTF-8"?><Response/>');
});
const server = createServer(app);

serveParent(
  {
    listen: () =>
      new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          resolve(typeof address === 'object' ? address?.port : undefined);
        });
      }),
  },
  async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
);
