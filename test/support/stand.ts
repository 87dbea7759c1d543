import http from 'node:http';
import type { RawReply, RawRequest } from '../../src/core/channel.js';

export interface Stand {
  readonly url: string;
  readonly requests: RawRequest[];
  close(): Promise<void>;
}

/** A real server in front of a handler; `undefined` breaks the connection off. */
export async function serve(
  handler: (request: RawRequest) => Promise<RawReply | undefined> | RawReply | undefined,
): Promise<Stand> {
  const requests: RawRequest[] = [];
  const server = http.createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request: RawRequest = {
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks),
        receivedAt: new Date(),
      };
      requests.push(request);
      void Promise.resolve(handler(request)).then((reply) => {
        if (!reply) return incoming.socket.destroy();
        return outgoing.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
