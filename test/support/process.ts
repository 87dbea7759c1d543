/** Processes of our own for tests that kill and interrupt them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { registerServer } from './run-folder.js';

export interface TestProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next whole line of standard output; rejects where it ends first. */
  line(): Promise<string>;
  /** Waits until it has ended: its exit code, or the signal's name. */
  ended: Promise<number | NodeJS.Signals>;
  /** What it wrote to standard error so far. */
  errors(): string;
}

export interface TestProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** True: a process group of its own, so that a test can interrupt it as a terminal does (`kill(-pid)`). */
  readonly detached?: boolean;
}

/** Runs a TypeScript file of the sources or the tests, e.g. `new URL('./x-process.ts', import.meta.url)`. */
export function startTypeScript(
  script: URL,
  args: readonly string[] = [],
  options: TestProcessOptions = {},
): TestProcess {
  const loader = new URL('./typescript.mjs', import.meta.url).href;
  return startProcess(process.execPath, ['--import', loader, fileURLToPath(script), ...args], options);
}

/** Ended at the end of the jest run at the latest. */
export function startProcess(
  program: string,
  args: readonly string[],
  options: TestProcessOptions = {},
): TestProcess {
  const { NODE_OPTIONS: _jest, ...environment } = process.env;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? environment,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: options.detached ?? false,
  });
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  registerServer(child.pid, args.at(-1) ?? program);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
  const lines = lineReader(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  return {
    child,
    pid: child.pid,
    ended,
    errors: () => errors,
    line: () => lines.next(() => errors),
  };
}

function lineReader(child: ChildProcess) {
  const ready: string[] = [];
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void; about: () => string }[] =
    [];
  let rest = '';
  let over = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      const taker = waiting.shift();
      if (taker) taker.resolve(line);
      else ready.push(line);
    }
  });
  child.once('close', () => {
    over = true;
    for (const taker of waiting.splice(0)) taker.reject(new Error(`the process ended: ${taker.about()}`));
  });
  return {
    next: (about: () => string) =>
      new Promise<string>((resolve, reject) => {
        const line = ready.shift();
        if (line !== undefined) resolve(line);
        else if (over) reject(new Error(`the process ended: ${about()}`));
        else waiting.push({ resolve, reject, about });
      }),
  };
}
