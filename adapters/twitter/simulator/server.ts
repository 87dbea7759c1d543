/** A listener of its own: the page's interface answers whole bodies only, and a stream has no end. */
import http from 'node:http';
import type { RawReply, RawRequest } from '../../../src/core/channel.js';

const MAX_BYTES = 1024 * 1024;

export interface PlayedServer {
  close(): Promise<void>;
}

/** @param answer takes the response over where it resolves with nothing. */
export async function listen(
  url: URL,
  answer: (request: RawRequest, response: http.ServerResponse) => Promise<RawReply | undefined>,
): Promise<PlayedServer> {
  const serve = async (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => {
    try {
      const reply = await answer(await read(incoming), outgoing);
      if (reply !== undefined) outgoing.writeHead(reply.status, { ...reply.headers }).end(reply.body);
    } catch {
      outgoing.destroy();
    }
  };
  const server = http.createServer((incoming, outgoing) => void serve(incoming, outgoing));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(url.port), url.hostname, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(incoming: http.IncomingMessage): Promise<RawRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error('too large');
    chunks.push(chunk);
  }
  return {
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    headers: incoming.headers,
    body: Buffer.concat(chunks),
    receivedAt: new Date(),
  };
}
