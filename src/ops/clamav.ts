/**
 * Asks ClamAV's daemon about a file, by its INSTREAM command: `man clamd`, section COMMANDS.
 * A client of our own: that of npm (clamscan 2.4) has no limit of the whole time, falls back to programs on
 * this machine, and answers "not known" in the same breath as "clean".
 */
import { connect, type Socket } from 'node:net';
import { CLAMD_ADDRESS } from '../../config/schema.js';

export type ScanVerdict =
  | { readonly state: 'clean' }
  /** `signature`: the scanner's name for what it found. */
  | { readonly state: 'infected'; readonly signature: string };

export interface VirusScanner {
  /** Throws ScannerError where there is no verdict; a file without a verdict must not be served. */
  scan(bytes: Buffer): Promise<ScanVerdict>;
  /** The daemon's own words about program and signatures. Throws ScannerError. */
  version(): Promise<string>;
}

/** `size`: larger than the daemon takes; `answer`: it said something else than a verdict. */
export type ScannerTrouble = 'unreachable' | 'timeout' | 'size' | 'answer';

/** There is no verdict. The message is for operators: no file name. */
export class ScannerError extends Error {
  override readonly name = 'ScannerError';
  readonly trouble: ScannerTrouble;

  constructor(trouble: ScannerTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}

export interface ClamdOptions {
  /** Milliseconds until a connection must be there. Default 2,000. */
  readonly connectMs?: number;
  /** Milliseconds for the whole question and answer. Default 30,000. */
  readonly answerMs?: number;
}

/** The daemon's limit for one chunk is far above; small ones keep memory flat. */
const CHUNK = 64 * 1024;
const LONGEST_ANSWER = 4_096;

/** Connects only when it is asked. Throws TypeError on an address that is none. */
export function createClamd(address: string, options: ClamdOptions = {}): VirusScanner {
  const { connectMs = 2_000, answerMs = 30_000 } = options;
  const target = targetOf(address);
  const ask = (write: (socket: Socket) => void) => converse(target, { connectMs, answerMs }, write);
  return {
    scan: async (bytes) => readVerdict(await ask((socket) => stream(socket, bytes))),
    version: async () => await ask((socket) => void socket.write('zVERSION\0')),
  };
}

/** Chunks with their length in front, and an empty one at the end. */
function stream(socket: Socket, bytes: Buffer): void {
  socket.cork();
  socket.write('zINSTREAM\0');
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const part = bytes.subarray(at, at + CHUNK);
    socket.write(lengthOf(part));
    socket.write(part);
  }
  socket.write(lengthOf(Buffer.alloc(0)));
  socket.uncork();
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

function readVerdict(answer: string): ScanVerdict {
  if (answer === 'stream: OK') return { state: 'clean' };
  const found = /^stream: (.+) FOUND$/.exec(answer)?.[1];
  if (found !== undefined) return { state: 'infected', signature: found };
  if (answer.includes('size limit exceeded')) {
    throw new ScannerError('size', 'The file is larger than clamd takes: raise its StreamMaxLength');
  }
  throw new ScannerError('answer', 'clamd gave no verdict');
}

interface Patience {
  readonly connectMs: number;
  readonly answerMs: number;
}

/** One connection, one question, one answer: what stands before the first NUL. */
function converse(target: Target, patience: Patience, write: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    let answer = '';
    let connected = false;
    const end = (finish: () => void) => {
      clearTimeout(connecting);
      clearTimeout(answering);
      socket.destroy();
      finish();
    };
    const fail = (trouble: ScannerTrouble, message: string, cause?: unknown) =>
      end(() => reject(new ScannerError(trouble, message, cause === undefined ? {} : { cause })));
    /** The daemon closes as soon as it has answered, also in the midst of what we still write. */
    const settle = (cause?: unknown) => {
      const [first = ''] = answer.split('\0', 1);
      if (first !== '') end(() => resolve(first.trim()));
      else fail('unreachable', 'clamd closed the connection without an answer', cause);
    };
    const connecting = setTimeout(() => fail('timeout', 'clamd was not reached in time'), patience.connectMs);
    const answering = setTimeout(() => fail('timeout', 'clamd did not answer in time'), patience.answerMs);
    socket.once('connect', () => {
      clearTimeout(connecting);
      connected = true;
      write(socket);
    });
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (answer.includes('\0') || answer.length > LONGEST_ANSWER) settle();
    });
    socket.once('end', () => settle());
    socket.once('error', (error) => {
      if (connected) settle(error);
      else fail('unreachable', 'clamd is not reached', error);
    });
  });
}

type Target = { readonly host: string; readonly port: number } | { readonly path: string };

function targetOf(address: string): Target {
  const { host, port, path } = CLAMD_ADDRESS.exec(address)?.groups ?? {};
  if (path !== undefined) return { path };
  if (host === undefined) throw new TypeError('The address of clamd must be tcp://host:port or unix:/path');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
