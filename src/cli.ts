/** The command line. It and `main.ts` are the only places that put the parts together. */
import { Command, CommanderError } from 'commander';
import { settle } from './compose/settings.js';
import { openStore } from './compose/store.js';
import { accountCommands } from './cli/accounts.js';
import { doctor } from './cli/doctor.js';
import { exportCases, type ExportOptions } from './cli/export.js';
import { hint, reportError } from './cli/output.js';
import { audit, backfill, type PeriodOptions } from './cli/provider-list.js';
import { replay, type ReplayOptions } from './cli/replay.js';
import { simulate, type SimulateOptions } from './cli/simulate.js';
import { start } from './cli/start.js';
import { migrate } from './db/migrate.js';

/** `argv` without the interpreter and the script. Sets the exit code; throws nothing. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // Commander has printed its own complaint, or the help that was asked for.
    process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 64) : reportError(error);
  }
}

function buildProgram(): Command {
  const program = new Command('tabea')
    .description('Takes in complaints over every channel, and brings the answer back.')
    .exitOverride()
    .showHelpAfterError('Run `npx tabea help` for the commands.');

  program.command('start').description('starts the gateway').action(start);
  program
    .command('migrate')
    .description('brings the schema of the database to this version; back up first')
    .action(runMigrate);
  program
    .command('doctor')
    .description('checks configuration, database, queue, disk, clock and providers')
    .action(async () => {
      process.exitCode = await doctor();
    });
  accountCommands(program);
  program
    .command('replay [ids...]')
    .description('takes messages of the quarantine in again, or lists them')
    .option('--list', 'lists what is held')
    .option('--all', 'replays everything that the other options select')
    .option('--channel <id>', 'only of this channel')
    .option('--kind <kind>', 'signature, unparsable, part, poison or spool')
    .option('--dismiss', 'marks the ids as not wanted instead')
    .action((ids: string[], options: ReplayOptions) => replay(ids, options));
  program
    .command('backfill [channel]')
    .description('takes in what the provider has and the store has not')
    .requiredOption('--from <date>', 'beginning of the period')
    .option('--to <date>', 'end of the period; default now; not for mailboxes, which are read to their end')
    .action((channel: string | undefined, options: PeriodOptions) => backfill(channel, options));
  program
    .command('audit [channel]')
    .description('compares what the provider has with the store and names every difference')
    .requiredOption('--from <date>', 'beginning of the period')
    .option('--to <date>', 'end of the period; default now; not for mailboxes, which are read to their end')
    .action(async (channel: string | undefined, options: PeriodOptions) => {
      process.exitCode = await audit(channel, options);
    });
  program
    .command('export')
    .description('prints cases as JSON lines, without identities')
    .option('--from <date>', 'created from')
    .option('--to <date>', 'created before')
    .action((options: ExportOptions) => exportCases(options));
  program
    .command('simulate')
    .description('plays the providers in a process of their own')
    .option('--port <port>', 'where to listen on loopback', '8090')
    .option('--gateway <url>', 'where the gateway is', 'http://127.0.0.1:8080')
    .action((options: SimulateOptions) => simulate(options));
  return program;
}

async function runMigrate(): Promise<void> {
  const { env } = await settle(process.env);
  const store = await openStore({ env, purpose: 'cli' });
  try {
    const applied = await migrate(store.database);
    hint(applied.length === 0 ? 'The schema is current.' : `Applied ${applied.join(', ')}.`);
  } finally {
    await store.close();
  }
}
