import type { Logger, PutBlob } from '../../../src/core/channel.js';
import type { MailOrigin, MailParser, MessageIds } from '../mail.js';
import { normalizeAddress } from './addresses.js';
import { eventsOf, type OwnMail } from './events.js';
import { DEFAULT_LIMITS, type MailLimits } from './limits.js';
import { MailReader } from './mail-reader.js';

export interface MailParserOptions {
  /** Under which the channel writes and is written to: its address, that of `from`. Names may stand beside. */
  readonly ownAddresses: readonly string[];
  readonly messageIds: MessageIds;
  readonly logger: Logger;
  readonly limits?: Partial<MailLimits>;
  /** For one mail. Default 8 s: with a new thread the next one waits for less than 10. */
  readonly timeLimitMs?: number;
  /** Heap for one mail. Default 256 MB. */
  readonly maxHeapMb?: number;
  /** Mails read at once. Default 2. */
  readonly threads?: number;
  /** Entry of the threads, for tests. */
  readonly workerScript?: URL;
}

/** Starts its first thread with the first mail. */
export function createMailParser(options: MailParserOptions): MailParser {
  const own: OwnMail = {
    addresses: new Set(options.ownAddresses.map(ownAddress)),
    messageIds: options.messageIds,
  };
  const reader = new MailReader({
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeLimitMs: options.timeLimitMs ?? 8_000,
    maxHeapMb: options.maxHeapMb ?? 256,
    threads: options.threads ?? 2,
    logger: options.logger,
    ...(options.workerScript && { script: options.workerScript }),
  });
  return {
    async parse(raw: Buffer, origin: MailOrigin, putBlob: PutBlob) {
      const mail = await reader.read(raw, origin.envelopeFrom === '');
      return eventsOf(mail, origin, own, putBlob);
    },
    close: () => reader.close(),
  };
}

function ownAddress(configured: string): string {
  const address = normalizeAddress(/<([^<>]+)>\s*$/.exec(configured)?.[1] ?? configured);
  if (address === undefined) throw new Error('an address of the mail channel itself is none');
  return address;
}
