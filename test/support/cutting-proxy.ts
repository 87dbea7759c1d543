/** A TCP proxy between a client and a real server: it counts, cuts off in the middle, falls silent, or rewrites. */
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  /** Connections made so far. */
  made(): number;
  /** Connections that are open. */
  open(): number;
  /** Bytes that the server sent so far, over all connections. */
  received(): number;
  /** The next connections are each cut after so many bytes of the server; undefined: no more. */
  cutAfter(bytes: number | undefined): void;
  /** Cuts what is open now. */
  cutNow(): void;
  /** From now on nothing goes through in either direction, and nothing is closed. */
  silence(on: boolean): void;
  close(): Promise<void>;
}

export interface CuttingProxyOptions {
  /** What the server says, before it reaches the client: piece by piece as it comes. */
  readonly rewrite?: (bytes: Buffer) => Buffer;
}

export async function startCuttingProxy(
  targetPort: number,
  options: CuttingProxyOptions = {},
): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let made = 0;
  let received = 0;
  let limit: number | undefined;
  let silent = false;
  const server = createServer((client) => {
    made += 1;
    const upstream = connect(targetPort, '127.0.0.1');
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    let left = limit;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut);
      socket.once('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (!silent) upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      received += bytes.length;
      if (silent) return;
      const said = options.rewrite?.(bytes) ?? bytes;
      if (left === undefined) return relay(upstream, client, said);
      client.write(said.subarray(0, left));
      left -= said.length;
      if (left <= 0) client.end(cut);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    made: () => made,
    open: () => sockets.size / 2,
    received: () => received,
    cutAfter: (bytes) => (limit = bytes),
    cutNow: () => {
      for (const socket of sockets) socket.destroy();
    },
    silence: (on) => (silent = on),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** No faster than the client reads: what is measured behind it must not be the proxy's memory. */
function relay(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
