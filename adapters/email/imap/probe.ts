import type { ChannelHealth } from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { EmailSettings } from '../settings.js';
import { connect, disconnect, givenUp, type ConnectOptions } from './connect.js';
import { imapError } from './errors.js';
import { reachMailboxes, type ReachOptions } from './reach.js';

/** Whether each mailbox lets us in and has the folders that are read, moved to and filed in. */
export async function probeImap(
  settings: EmailSettings,
  options: ReachOptions,
  signal: AbortSignal,
): Promise<ChannelHealth> {
  try {
    const wanted = reachMailboxes(settings, options);
    for (const [index, mailbox] of wanted.entries()) {
      const missing = await missingFolders(mailbox, foldersOf(settings, index), signal);
      if (missing.length === 0) continue;
      const which = wanted.length > 1 ? ` of mailbox ${index + 1}` : '';
      const names = missing.map((name) => `“${name}”`).join(', ');
      return { state: 'down', detail: `The mail server has no folder ${names}${which}: check its name` };
    }
    return { state: 'ok', detail: 'The mailbox lets us in and has its folders' };
  } catch (cause) {
    const error = imapError(cause);
    if (!(error instanceof ChannelError)) throw error;
    return { state: error.code === 'config' ? 'down' : 'degraded', detail: error.message };
  }
}

/** Copies of what we send go into the first mailbox. */
function foldersOf(settings: EmailSettings, index: number): string[] {
  const { folders, afterwards, sentFolder } = settings;
  const also = [afterwards.moveTo, index === 0 ? sentFolder : undefined];
  return [...new Set([...folders, ...also.filter((name) => name !== undefined)])];
}

async function missingFolders(
  mailbox: ConnectOptions,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const client = await connect(mailbox, signal);
  try {
    const missing: string[] = [];
    for (const name of names) {
      const status = await client.status(name, { messages: true }).catch((error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      });
      if (!client.usable) throw givenUp();
      if (typeof status !== 'object') missing.push(name);
    }
    return missing;
  } finally {
    await disconnect(client);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NotFound';
}
