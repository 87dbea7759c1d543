/** Signed SMS webhook → durable → 200, beside bare Express with the same requests. */
import { z } from 'zod';
import { startChild, type Child } from './child.js';
import { loadResult, type LoadResult } from './load.js';
import { alternate } from './measure.js';
import { demand, type BenchContext, type BoundRow, type Row } from './row.js';
import { startDatabase } from './stores.js';

const CONNECTIONS = 64;
const REQUESTS = CONNECTIONS * 500;
const WARM_UP = CONNECTIONS * 150;
const MEGABYTE = 1024 * 1024;

export async function benchAccept(context: BenchContext): Promise<{ row: Row; memory: BoundRow }> {
  const db = await startDatabase();
  const gateway = startChild('accept-process', context);
  const express = startChild('express-process');
  const load = startChild('load-process');
  try {
    const gatewayPort = await gateway.ask('listen', { databaseUrl: db.url }, z.number());
    const expressPort = await express.ask('listen', {}, z.number());
    let first = 0;
    const send = async (port: number, amount: number): Promise<LoadResult> => {
      const origin = `http://127.0.0.1:${port}`;
      const order = { origin, first, amount, connections: CONNECTIONS };
      return await load.ask('send', order, loadResult);
    };
    await send(expressPort, WARM_UP);
    let answered = (await send(gatewayPort, WARM_UP)).ok;
    first += WARM_UP;

    const memory = watchMemory(gateway);
    const cpu = { gateway: gateway.cpuSeconds(), express: express.cpuSeconds(), database: db.cpuSeconds() };
    const latency: LoadResult[] = [];
    const compared = await alternate(
      context.runs,
      {
        limit: async () => rateOf(await send(expressPort, REQUESTS)),
        subject: async () => {
          const result = await send(gatewayPort, REQUESTS);
          latency.push(result);
          first += REQUESTS;
          answered += result.ok;
          // A benchmark that lost messages is a failure, however quick it was.
          const stored = await db.count('FROM inbox i JOIN envelope e ON e.id = i.envelope_id');
          demand(stored === answered, `${answered} were answered 200, ${stored} are in the inbox`);
          return rateOf(result);
        },
      },
      (line) => context.tell(line),
    );
    const peaks = memory.stop();
    const last = latency.at(-1);
    const microseconds = (before: number, spender: Pick<Child, 'cpuSeconds'>) =>
      Math.round(((spender.cpuSeconds() - before) / (context.runs * REQUESTS)) * 1e6);
    return {
      row: {
        name: 'accept',
        what: 'signed SMS webhook → durable → 200 ÷ bare Express 5 with urlencoded',
        unit: 'req/s',
        compared,
        least: 0.8,
        aim: 1,
        notes: [
          `${REQUESTS} different messages a run over ${CONNECTIONS} connections, the same bytes to both`,
          'embedded PostgreSQL with fsync; load, gateway and database share the cores; jobs are enqueued, no worker runs',
          `every 200 is in the inbox with its envelope (${answered}); last run p50 ${last?.p50} ms, p99 ${last?.p99} ms`,
          `processor time a request: gateway ${microseconds(cpu.gateway, gateway)} µs, PostgreSQL ${microseconds(cpu.database, db)} µs, Express ${microseconds(cpu.express, express)} µs`,
        ],
      },
      memory: {
        name: 'accept-memory',
        what: 'RSS of the gateway process while it takes that load',
        unit: 'MB',
        values: peaks.map((bytes) => bytes / MEGABYTE),
        counts: 'max',
        most: 250,
        aim: 160,
        notes: ['sampled four times a second; min is its first sample, max its peak'],
      },
    };
  } finally {
    await Promise.all([load.close(), gateway.close(), express.close()]);
    await db.close();
  }
}

function rateOf(result: LoadResult): number {
  demand(result.failed === 0, `${result.failed} requests failed`);
  return result.ok / result.seconds;
}

function watchMemory(child: Child): { stop(): number[] } {
  const samples = [child.rss()];
  const timer = setInterval(() => samples.push(child.rss()), 250);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}
