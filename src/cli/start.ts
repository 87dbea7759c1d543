/** `tabea start`: the gateway until it is told to stop. */
import { isLoopback } from '../../config/env.js';
import { settle, type Settings } from '../compose/settings.js';
import { startGateway, type Gateway } from '../main.js';
import { createLogger, type PinoLogger } from '../ops/log.js';
import { print } from './output.js';

/** After that the process ends whatever still hangs: ten seconds are promised. */
const WATCHDOG_MS = 9_500;
const DAY_MS = 24 * 60 * 60_000;

export async function start(): Promise<void> {
  const settings = await settle(process.env);
  const logger = createLogger({ level: settings.env.logLevel });
  process.on('unhandledRejection', (error) => {
    logger.error({ err: error }, 'A failure was not handled: this is a defect, please report it');
  });
  const stopAsked = signalled();
  const gateway = await startGateway(settings, logger);
  greet(settings, gateway);
  logger.info({ roles: [...settings.env.roles], demo: settings.demo }, 'Started');
  await stopAsked;
  await stop(gateway, logger);
}

/** Resolves at the first SIGINT or SIGTERM; npm passes Ctrl-C on a second time, which must not force anything. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    // A poller without a channel to poll has no connection that would keep the process.
    const stay = setInterval(() => undefined, DAY_MS);
    const asked = () => {
      clearInterval(stay);
      resolve();
    };
    process.on('SIGINT', asked);
    process.on('SIGTERM', asked);
  });
}

async function stop(gateway: Gateway, logger: PinoLogger): Promise<void> {
  logger.info({}, 'Stopping');
  const watchdog = setTimeout(() => {
    logger.error({}, 'Stopping took too long; what is not written is with the sweeper of the next start');
    process.exit(1);
  }, WATCHDOG_MS);
  watchdog.unref();
  await gateway.stop();
  clearTimeout(watchdog);
  logger.info({}, 'Stopped');
}

/** For the person at the terminal; the log is for machines. */
function greet({ demo, env }: Settings, { url, login }: Gateway): void {
  if (url === undefined) return;
  print('');
  print(`  Tabea${demo ? ' (demo: every provider is played by the simulator)' : ''}`);
  print('');
  print(`  Start page  ${url}/`);
  print(`  Console     ${url}/console`);
  if (demo) print(`  Simulator   ${url}/simulator`);
  if (!isLoopback(env.host) || env.publicUrlIsSet) print(`  Public      ${env.publicUrl}/`);
  if (login !== undefined) {
    print('');
    print(`  First login (shown this once)  ${login.email}  ${login.password}`);
  }
  print('');
}
