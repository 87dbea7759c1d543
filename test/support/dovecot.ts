/** Real Dovecot for suites: in the folder of the jest run, and ended with it. */
import { DOVECOT, startDovecotIn, type TestDovecot } from './dovecot-server.js';
import { describeWith } from './redis.js';
import { newFolder, registerServer } from './run-folder.js';

export { MAIL_PASSWORD, type DeliveredMail, type TestDovecot } from './dovecot-server.js';

/** `describe` where Dovecot is installed; elsewhere as `describeWith`. */
export function describeWithDovecot(name: string, suite: () => void): void {
  describeWith(DOVECOT, ['--version'], name, suite);
}

export async function startDovecot(): Promise<TestDovecot> {
  return await startDovecotIn({ folder: newFolder('dc'), started: registerServer });
}
