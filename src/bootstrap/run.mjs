import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and returns its exit code. Its output goes to standard error: standard output
 * belongs to the command that was asked for (`tabea api-key create` prints the key and nothing else).
 */
export function run(program, args, cwd, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ['ignore', process.stderr, process.stderr],
      // npm is a script for the shell there.
      shell: process.platform === 'win32' && program === 'npm',
    });
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
