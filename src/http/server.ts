/** The HTTP server: the webhooks' fast path first, everything else to the handler that is handed in (Express). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { WebhookRoute } from './webhook-route.js';

export interface GatewayServerOptions {
  readonly webhooks: WebhookRoute;
  /** Whatever is no webhook. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface GatewayServer {
  readonly server: Server;
  /** Resolves with the port (that of the system's choice for 0). Rejects with EADDRINUSE and the like. */
  listen(port: number, host: string): Promise<number>;
  /** Takes no new connection, ends idle ones, waits for requests under way at most `withinMs` (5 s), then cuts them. */
  close(withinMs?: number): Promise<void>;
}

const CLOSE_MS = 5_000;

export function createGatewayServer(options: GatewayServerOptions): GatewayServer {
  const server = createServer(
    {
      // Longer than proxies keep theirs (nginx 60 s), so that none sends into a connection that we just closed.
      keepAliveTimeout: 72_000,
      headersTimeout: 10_000,
      // Of other routes (uploads over slow lines); webhooks have their own, shorter limit.
      requestTimeout: 120_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 32 * 1024,
      noDelay: true,
    },
    (request, response) => {
      if (closing) response.setHeader('connection', 'close');
      if (!options.webhooks(request, response)) options.handler(request, response);
    },
  );
  let closing = false;

  return {
    server,
    listen(port, host) {
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, host, backlog: 1024 }, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : port);
        });
      });
    },
    close(withinMs = CLOSE_MS) {
      closing = true;
      return new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), withinMs);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(sweep);
          resolve();
        });
        // A connection that was busy a moment ago may be idle now.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        server.closeIdleConnections();
      });
    },
  };
}
