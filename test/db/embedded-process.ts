/** A gateway reduced to its database, for tests that start, kill and interrupt it: `dataDir purpose`. */
import { openEmbedded } from '../../src/db/embedded.js';
import { UserError } from '../../src/core/errors.js';

const [dataDir = '', purpose = 'gateway'] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const embedded = await openEmbedded({ dataDir, purpose: purpose === 'cli' ? 'cli' : 'gateway' });
  const stop = () => {
    clearInterval(forever);
    void embedded.stop().then(() => say({ stopped: true }));
  };
  const forever = setInterval(() => undefined, 60_000);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  say({ url: embedded.url, adopted: embedded.adopted, pid: process.pid });
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  say({ code: error.code, message: error.message, remedy: error.remedy });
  process.exitCode = error.exitCode;
}
