/**
 * A mailbox in miniature: a file to which citizens append lines, read by a pull source. Processes may share it.
 * A line `{"id": …, "text": …}` is a mail; `{"lost": true}` names no sender; `{"own": true}` is ours; anything else cannot be read.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  UnparsableError,
  type ChannelAdapter,
  type Parsed,
  type PulledItem,
  type PullSource,
  type RawRequest,
} from '../../src/core/channel.js';
import type { InboundMessage } from '../../src/core/message.js';

export const MAILBOX = 'mail-1';

export interface PlayedMailboxOptions {
  readonly channelId?: string;
  /** Names of the sources; each reads the file of its name. */
  readonly sources?: readonly string[];
  readonly batch?: number;
  /** Called when a source enters and leaves `run`. */
  readonly on?: (what: 'in' | 'out', source: string) => void;
  /** Called before each look at the file; may throw, or wait. */
  readonly before?: (source: string, signal: AbortSignal) => void | Promise<void>;
  /** Default: as described above. */
  readonly read?: (line: string) => Parsed['events'];
}

export function deliver(folder: string, lines: readonly unknown[], source = 'INBOX'): void {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  appendFileSync(join(folder, source), text.map((line) => `${line}\n`).join(''));
}

export const mail = (id: string, text = `text of ${id}`) => ({ id, text });

export function playedMailbox(folder: string, options: PlayedMailboxOptions = {}): ChannelAdapter {
  const { channelId = MAILBOX, sources = ['INBOX'], batch = 3, on, before } = options;
  const parse = (request: RawRequest): Parsed => {
    const line = request.body.toString();
    if (options.read !== undefined) return { events: options.read(line), ignored: [], rejected: [] };
    return readMail(channelId, line);
  };

  const sourceOf = (name: string): PullSource => ({
    name,
    async run(sink, cursor, signal) {
      on?.('in', name);
      try {
        let next = positionOf(cursor);
        while (!signal.aborted) {
          await before?.(name, signal);
          const items = itemsOf(folder, name, parse).slice(next, next + batch);
          if (items.length === 0) {
            await sleep(10, undefined, { signal }).catch(() => undefined);
            continue;
          }
          next += items.length;
          await sink.accept(items, { next });
        }
      } finally {
        on?.('out', name);
      }
    },
    async backfill(sink) {
      const items = itemsOf(folder, name, parse);
      for (let at = 0; at < items.length; at += batch) await sink.accept(items.slice(at, at + batch));
    },
  });

  return {
    kind: 'played-mailbox',
    pull: {
      sources: sources.map(sourceOf),
      parse: (request) => {
        const parsed = parse(request);
        if (parsed.events.length === 0) return Promise.reject(new UnparsableError('still not readable'));
        return Promise.resolve(parsed);
      },
    },
    measure: () => ({ segments: 1, encoding: 'characters', used: 0, left: 0, costIdr: 0, fits: true }),
  };
}

function positionOf(cursor: unknown): number {
  const next = typeof cursor === 'object' && cursor !== null && 'next' in cursor ? cursor.next : 0;
  return Number(next);
}

function itemsOf(folder: string, source: string, parse: (request: RawRequest) => Parsed): PulledItem[] {
  const file = join(folder, source);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line, index) => {
    const request: RawRequest = {
      method: 'PULL',
      target: `played:${source};line=${index}`,
      headers: { 'played-line': String(index) },
      body: Buffer.from(line),
      receivedAt: new Date(),
    };
    return { request, parsed: parse(request) };
  });
}

function readMail(channelId: string, line: string): Parsed {
  if (!line.startsWith('{')) return { events: [], ignored: [], rejected: [] };
  const { id, text, lost, own }: { id?: string; text?: string; lost?: boolean; own?: boolean } =
    JSON.parse(line);
  if (own === true) return { events: [], ignored: [{ part: line, reason: 'own_mail' }], rejected: [] };
  if (lost === true || id === undefined) {
    return { events: [], ignored: [], rejected: [{ part: 'headers', reason: 'no_sender' }] };
  }
  return { events: [messageOf(channelId, id, text ?? '')], ignored: [], rejected: [] };
}

export function messageOf(channelId: string, id: string, text: string): InboundMessage {
  return {
    type: 'message',
    channelId,
    externalId: id,
    from: { scheme: 'mailto', value: 'warga@example.org' },
    text,
    attachments: [],
    automated: false,
    receivedAt: new Date().toISOString(),
  };
}
