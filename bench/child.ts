/** Processes of the benchmarks: each side runs in one of its own and is told what to do over Node's IPC. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { processorSeconds, residentBytes } from './processor-time.js';

const question = z.object({ ask: z.number(), command: z.string(), input: z.unknown() });
const answer = z.object({ answer: z.number(), result: z.unknown().optional(), error: z.string().optional() });

export interface Child {
  readonly pid: number;
  /** What the child's command of that name resolves with, checked. Rejects with its error, or when it ends. */
  ask<T>(command: string, input: unknown, result: z.ZodType<T>): Promise<T>;
  /** Resident memory in bytes now; 0 where the system does not tell. */
  rss(): number;
  /** Seconds of processor time so far; 0 where the system does not tell. */
  cpuSeconds(): number;
  /** Lets it close what it opened, and waits until it is gone. */
  close(): Promise<void>;
}

export interface ChildOptions {
  /** Folder for a CPU profile of the child. */
  readonly profileDir?: string | undefined;
}

/** `module`: name of a compiled module beside this one, e.g. `accept-server`. */
export function startChild(module: string, options: ChildOptions = {}): Child {
  const file = fileURLToPath(new URL(`./${module}.js`, import.meta.url));
  const { profileDir } = options;
  const child = fork(file, {
    // Pre-signed bodies by the ten thousand travel as structured clones rather than as JSON.
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv:
      profileDir === undefined
        ? []
        : [
            '--cpu-prof',
            `--cpu-prof-dir=${profileDir}`,
            `--cpu-prof-name=${module}-${Date.now()}.cpuprofile`,
          ],
  });
  return overIpc(child, module);
}

function overIpc(child: ChildProcess, module: string): Child {
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', (message) => {
    const { answer: id, result, error } = answer.parse(message);
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(result);
    else one?.reject(new Error(`${module}: ${error}`));
  });
  child.once('exit', (code, signal) => {
    for (const one of waiting.values()) one.reject(new Error(`${module} ended with ${code ?? signal}`));
  });
  return {
    pid: child.pid ?? 0,
    ask: async (command, input, schema) => {
      const id = ++asked;
      const result = await new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ ask: id, command, input }, (error) => error && reject(error));
      });
      return schema.parse(result);
    },
    rss: () => residentBytes(child.pid ?? 0),
    cpuSeconds: () => processorSeconds(child.pid ?? 0),
    close: async () => {
      if (child.connected) child.disconnect();
      const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** In the child: answers what the parent asks; closes and ends when the parent lets go of it. */
export function serveParent(
  commands: Readonly<Record<string, (input: unknown) => Promise<unknown>>>,
  close: () => Promise<void>,
): void {
  process.on('message', (message) => {
    const { ask, command, input } = question.parse(message);
    const run = async () => {
      const work = commands[command];
      if (work === undefined) throw new Error(`no command ${command}`);
      return await work(input);
    };
    void run().then(
      (result) => process.send?.({ answer: ask, result }),
      (error: unknown) =>
        process.send?.({ answer: ask, error: error instanceof Error ? error.stack : String(error) }),
    );
  });
  process.once('disconnect', () => {
    // Not process.exit alone: a CPU profile is written on the way out, and the database wants its goodbye.
    void close().finally(() => process.exit(0));
  });
}
