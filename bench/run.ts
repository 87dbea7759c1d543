/** `npm run bench [-- --runs 5 --only accept,ingest-redis --profile DIR]`. */
import { parseArgs } from 'node:util';
import { benchAccept } from './accept.js';
import { benchIngestEmbedded, benchIngestRedis } from './ingest.js';
import { benchMailbox } from './mailbox.js';
import { benchReply } from './reply.js';
import { describeMachine, table, writeResults, type AnyRow } from './report.js';
import type { BenchContext } from './row.js';
import { hasDovecot } from '../test/support/dovecot-server.js';
import { benchStart } from './start.js';
import { hasRedis, postgresVersion } from './stores.js';

type Bench = (context: BenchContext) => Promise<readonly AnyRow[]>;

const BENCHMARKS: Readonly<Record<string, Bench>> = {
  accept: async (context) => {
    const { row, memory } = await benchAccept(context);
    return [row, memory];
  },
  'ingest-redis': async (context) => {
    if (hasRedis()) return [await benchIngestRedis(context)];
    context.tell('*** SKIPPED: ingest-redis: redis-server is not installed ***');
    return [];
  },
  'ingest-embedded': async (context) => [await benchIngestEmbedded(context)],
  reply: async (context) => [await benchReply(context)],
  mailbox: async (context) => {
    if (hasDovecot()) return await benchMailbox(context);
    context.tell('*** SKIPPED: mailbox: dovecot is not installed ***');
    return [];
  },
  start: benchStart,
};

const tell = (line: string) => process.stderr.write(`${line}\n`);

/** Runs what `args` ask for; resolves with the exit code. Throws where a benchmark is not to be believed. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: Object.keys(BENCHMARKS).join(',') },
      profile: { type: 'string' },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be a whole number above 0');
  const machine = describeMachine(await postgresVersion());
  const rows: AnyRow[] = [];
  for (const name of values.only.split(',')) {
    const bench = BENCHMARKS[name];
    if (bench === undefined) throw new Error(`--only knows ${Object.keys(BENCHMARKS).join(', ')}`);
    const context: BenchContext = {
      runs,
      profileDir: values.profile,
      tell: (line) => tell(`${name}: ${line}`),
    };
    rows.push(...(await bench(context)));
  }
  console.log(table(machine, runs, rows));
  tell(`\nWritten to ${writeResults(machine, runs, rows, new Date())}`);
  return 0;
}
