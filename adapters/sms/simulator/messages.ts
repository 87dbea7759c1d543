import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/core/channel.js';
import type { SimulatedMessage } from '../../../src/core/simulator.js';
import { countSegments } from '../segments.js';

const MAX_RECORDS = 20_000;
const MAX_CONVERSATIONS = 500;
const MAX_CONVERSATION = 200;

/** A message as the played provider keeps it. */
export interface PlayedMessage {
  readonly sid: string;
  readonly accountSid: string;
  /** Seen from the provider: `inbound` a citizen wrote. */
  readonly direction: 'inbound' | 'outbound-api';
  /** Line and citizen, by direction. */
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly segments: number;
  readonly createdAt: Date;
  status: string;
}

/** What the played provider remembers. Bounded, but for the counts, which are exact. */
export class PlayedMessages {
  readonly #records = new Map<string, PlayedMessage>();
  readonly #conversations = new Map<string, PlayedMessage[]>();
  readonly #accepted = new Map<string, number>();
  readonly #optedOut = new Set<string>();
  readonly #listeners = new Set<(line: string, citizen: string) => void>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(
    input: Pick<PlayedMessage, 'accountSid' | 'direction' | 'from' | 'to' | 'body' | 'status'>,
  ): PlayedMessage {
    const message: PlayedMessage = {
      ...input,
      sid: `SM${randomBytes(16).toString('hex')}`,
      segments: countSegments(input.body).segments,
      createdAt: this.#clock.now(),
    };
    this.#records.set(message.sid, message);
    dropOldest(this.#records, MAX_RECORDS);
    this.#remember(message);
    if (message.direction === 'outbound-api') {
      this.#accepted.set(message.to, (this.#accepted.get(message.to) ?? 0) + 1);
    }
    this.#tell(message);
    return message;
  }

  setStatus(message: PlayedMessage, status: string): void {
    message.status = status;
    this.#tell(message);
  }

  get(sid: string): PlayedMessage | undefined {
    return this.#records.get(sid);
  }

  /** Newest first. */
  all(): PlayedMessage[] {
    return [...this.#records.values()].toReversed();
  }

  /** How many messages were accepted for each recipient, since the start. */
  accepted(): ReadonlyMap<string, number> {
    return this.#accepted;
  }

  conversation(line: string, citizen: string): readonly SimulatedMessage[] {
    return (this.#conversations.get(pair(line, citizen)) ?? []).map((message) => asShown(message));
  }

  setOptedOut(line: string, citizen: string, optedOut: boolean): void {
    if (optedOut) this.#optedOut.add(pair(line, citizen));
    else this.#optedOut.delete(pair(line, citizen));
  }

  isOptedOut(line: string, citizen: string): boolean {
    return this.#optedOut.has(pair(line, citizen));
  }

  /** Called with the line and the citizen's number. */
  onChange(listener: (line: string, citizen: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #remember(message: PlayedMessage): void {
    const key = pair(...ends(message));
    const messages = this.#conversations.get(key) ?? [];
    messages.push(message);
    if (messages.length > MAX_CONVERSATION) messages.shift();
    // Put last again: the conversations that rest the longest are forgotten first.
    this.#conversations.delete(key);
    this.#conversations.set(key, messages);
    dropOldest(this.#conversations, MAX_CONVERSATIONS);
  }

  #tell(message: PlayedMessage): void {
    for (const listener of this.#listeners) listener(...ends(message));
  }
}

export function asShown(message: PlayedMessage): SimulatedMessage {
  return {
    id: message.sid,
    direction: message.direction === 'inbound' ? 'out' : 'in',
    text: message.body,
    at: message.createdAt.toISOString(),
    state: message.status,
    segments: message.segments,
  };
}

function ends(message: PlayedMessage): [line: string, citizen: string] {
  return message.direction === 'inbound' ? [message.to, message.from] : [message.from, message.to];
}

function pair(line: string, citizen: string): string {
  return `${line} ${citizen}`;
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) return;
    map.delete(oldest);
  }
}
