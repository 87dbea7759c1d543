import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createImapSources, type ImapSourceOptions } from '../../../../adapters/email/imap/index.js';
import type { MailParser } from '../../../../adapters/email/mail.js';
import { emailSettings, type EmailSettings } from '../../../../adapters/email/settings.js';
import {
  UnparsableError,
  type Clock,
  type InboundSink,
  type Logger,
  type PulledItem,
  type PullSource,
} from '../../../../src/core/channel.js';

export const CHANNEL = 'email-uji';
export const realClock: Clock = { now: () => new Date() };

export interface Said {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function recordingLogger(): Logger & { readonly said: Said[] } {
  const said: Said[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void said.push({ level, fields, message });
  return { said, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Identity as the real parser makes it, in miniature: Gmail's id, else Message-ID and content. */
export const stubParser: Pick<MailParser, 'parse'> = {
  parse: async (raw, origin) => {
    await Promise.resolve();
    const text = raw.toString('latin1');
    if (text.includes('X-Poison: ')) throw new UnparsableError('too_deep');
    const messageId = /^Message-ID: <(.+)>\r$/im.exec(text)?.[1] ?? '';
    const digest = createHash('sha256').update(raw).digest('hex').slice(0, 12);
    const externalId = origin.gmailId === undefined ? `${messageId}#${digest}` : `gm:${origin.gmailId}`;
    return {
      events: [
        {
          type: 'message',
          channelId: origin.channelId,
          externalId,
          from: { scheme: 'mailto', value: 'warga@example.com' },
          text: `${raw.length}`,
          attachments: [],
          automated: false,
          receivedAt: origin.receivedAt.toISOString(),
        },
      ],
      ignored: [],
      rejected: [],
    };
  },
};

const savedCursor = z.object({ uidValidity: z.string(), lastUid: z.number() });

/** -1 where nothing is saved. */
export function lastUidOf(cursor: unknown): number {
  return savedCursor.optional().parse(cursor)?.lastUid ?? -1;
}

export interface RecordingSink extends InboundSink {
  readonly items: PulledItem[];
  /** What the last accept saved; goes into the next run. */
  cursor: unknown;
  /** Bytes of the items of each accept. */
  readonly batches: number[];
  /** Ids of messages, each as often as it was handed over. */
  ids(): string[];
  reasons(): string[];
  /** Until so many items are there; throws after a while. */
  until(items: number, ms?: number): Promise<void>;
  /** Called inside each accept, before it is recorded. */
  during: (items: readonly PulledItem[]) => Promise<void>;
}

/** All or nothing, as the store is; refuses a cursor that goes back under the same UIDVALIDITY. */
export function recordingSink(cursor?: unknown): RecordingSink {
  let busy = false;
  const sink: RecordingSink = {
    items: [],
    batches: [],
    cursor,
    during: async () => {},
    putBlob: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
    accept: async (items, next) => {
      if (busy) throw new Error('two batches at once');
      busy = true;
      try {
        await sink.during(items);
        if (next !== undefined) demandForward(sink.cursor, next);
        sink.items.push(...items);
        sink.batches.push(items.reduce((sum, item) => sum + item.request.body.length, 0));
        // As the database does: what is saved is JSON.
        if (next !== undefined) sink.cursor = JSON.parse(JSON.stringify(next));
      } finally {
        busy = false;
      }
    },
    ids: () =>
      sink.items.flatMap(({ parsed }) =>
        parsed.events.map((event) => ('externalId' in event ? event.externalId : '')),
      ),
    reasons: () => sink.items.flatMap(({ parsed }) => parsed.rejected.map(({ reason }) => reason)),
    until: async (items, ms = 15_000) => {
      for (const end = Date.now() + ms; sink.items.length < items; await sleep(5)) {
        if (Date.now() > end) throw new Error(`${sink.items.length} of ${items} mails came within ${ms} ms`);
      }
    },
  };
  return sink;
}

function demandForward(before: unknown, after: unknown): void {
  const from = savedCursor.optional().parse(before);
  const to = savedCursor.parse(after);
  if (from !== undefined && from.uidValidity === to.uidValidity && to.lastUid < from.lastUid) {
    throw new Error(`the cursor went back from ${from.lastUid} to ${to.lastUid}`);
  }
}

export function settingsFor(url: string | readonly string[], more: object = {}): EmailSettings {
  return emailSettings.parse({
    imapUrl: url,
    smtpUrl: 'smtp://127.0.0.1:1',
    from: 'tabea@ambon.example',
    pollSeconds: 5,
    ...more,
  });
}

export function sourcesFor(
  url: string | readonly string[],
  more: object = {},
  options: Partial<ImapSourceOptions> = {},
): PullSource[] {
  return createImapSources(settingsFor(url, more), {
    parser: stubParser,
    channelId: CHANNEL,
    clock: realClock,
    logger: recordingLogger(),
    ...options,
  });
}

export function sourceFor(...args: Parameters<typeof sourcesFor>): PullSource {
  const [source] = sourcesFor(...args);
  if (source === undefined) throw new Error('no source');
  return source;
}

export interface Running {
  /** Ends it in order. Rejects with what `run` rejected with. */
  stop(): Promise<void>;
  /** Until it ends by itself: what it rejected with. */
  failure(): Promise<unknown>;
  /** Until so many items are there, or it ends by itself: then what it rejected with. */
  until(items: number): Promise<unknown>;
}

export function running(source: PullSource, sink: RecordingSink): Running {
  const ending = new AbortController();
  const ended = source.run(sink, sink.cursor, ending.signal);
  let over = false;
  const failure = ended
    .then(
      () => undefined,
      (error: unknown) => error,
    )
    .finally(() => (over = true));
  return {
    until: async (items) => {
      for (const end = Date.now() + 20_000; sink.items.length < items; await sleep(5)) {
        if (over) return await failure;
        if (Date.now() > end) throw new Error(`${sink.items.length} of ${items} mails came within 20 s`);
      }
      return undefined;
    },
    stop: async () => {
      ending.abort();
      await ended;
    },
    failure: () => failure,
  };
}

/** Runs until so many mails are there. */
export async function drained(source: PullSource, sink: RecordingSink, items: number): Promise<void> {
  const run = running(source, sink);
  await run.until(items);
  await run.stop();
}

/** A mail of a citizen; `size` in bytes, about. */
export function mail(
  id: number | string,
  options: { size?: number; header?: string; messageId?: string } = {},
): string {
  const head = [
    `Message-ID: <${options.messageId ?? `m${id}@warga.example`}>`,
    'From: Warga <warga@example.com>',
    'To: tabea@ambon.example',
    `Subject: Lampu jalan ${id}`,
    'Date: Mon, 23 Nov 2026 08:00:00 +0900',
    ...(options.header === undefined ? [] : [options.header]),
  ].join('\r\n');
  const line = `${'Lampu jalan di Batu Merah padam. '.repeat(2)}\r\n`;
  const body = line.repeat(Math.max(1, Math.ceil(((options.size ?? 0) - head.length) / line.length)));
  return `${head}\r\n\r\n${body}`;
}

export function mails(from: number, count: number, arrived?: Date) {
  return Array.from({ length: count }, (_, index) => ({
    raw: mail(from + index),
    ...(arrived !== undefined && { arrived }),
  }));
}

/** `m1` … `mN`, as the stub's ids begin. */
export function numbered(ids: readonly string[]): string[] {
  return ids.map((id) => id.split('@')[0] ?? '');
}

export function expected(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${from + index}`);
}

export const DAY_MS = 86_400_000;

export function daysAgo(days: number): Date {
  return new Date(Date.now() - days * DAY_MS);
}

export function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}
