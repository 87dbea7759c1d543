/** `tabea simulate`: the played providers in a process of their own, for trials against a gateway elsewhere. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSimulators, startSimulators, type PlayedProvider } from '../compose/channels.js';
import { settle } from '../compose/settings.js';
import { UserError } from '../core/errors.js';
import { createLogger } from '../ops/log.js';
import { hint, print } from './output.js';

export interface SimulateOptions {
  readonly port: string;
  readonly gateway: string;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** Runs until it is told to stop. Refused with NODE_ENV=production. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const settings = await settle(process.env);
  if (settings.env.production) {
    throw new UserError('no_simulator', 'There is no simulator with NODE_ENV=production.', {
      remedy: 'Run it in an environment of its own.',
    });
  }
  const around = { clock: { now: () => new Date() }, logger: createLogger({ level: 'warn' }) };
  const played = createSimulators(settings, around, options.gateway.replace(/\/+$/, ''));
  await startSimulators(played);
  const server = createServer((request, response) => {
    void answer(played, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(options.port), '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  for (const { kind } of played) print(`http://127.0.0.1:${port}/simulator/${kind}`);
  hint('Providers are played until you press Ctrl-C. Point their addresses (TWILIO_API_URL …) here.');
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  server.closeAllConnections();
  server.close();
  for (const { part } of played) await part.close();
}

async function answer(
  played: readonly PlayedProvider[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, kind = '', rest = ''] = /^\/simulator\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
  const part = played.find((one) => one.kind === kind)?.part;
  if (part === undefined) {
    response.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      response.writeHead(413).end();
      return;
    }
    chunks.push(chunk);
  }
  const reply = await part.handle({
    method: request.method ?? 'GET',
    target: rest === '' ? '/' : rest,
    headers: request.headers,
    body: Buffer.concat(chunks),
    receivedAt: new Date(),
  });
  response.writeHead(reply.status, { ...reply.headers });
  response.end(reply.body);
}
