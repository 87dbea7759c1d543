import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { startProcess } from '../support/process.js';
import { newFolder } from '../support/run-folder.js';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A project with the real bootstrap and compiler, and a program of a few lines in Tabea's place. */
function project(): string {
  const root = newFolder('project');
  for (const file of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    '.npmrc',
  ]) {
    cpSync(join(ROOT, file), join(root, file));
  }
  mkdirSync(join(root, 'src'));
  cpSync(join(ROOT, 'src', 'bootstrap.mjs'), join(root, 'src', 'bootstrap.mjs'));
  cpSync(join(ROOT, 'src', 'bootstrap'), join(root, 'src', 'bootstrap'), { recursive: true });
  // What npm would install, without asking the registry in a test.
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  program(root, `process.stdout.write(\`hello \${args.join(' ')}\\n\`); return 7;`);
  return root;
}

function program(root: string, body: string): void {
  const text = `export function main(args: readonly string[]): number | void { void args; ${body} }\n`;
  writeFileSync(join(root, 'src', 'cli.ts'), text);
}

async function start(root: string, args: readonly string[], node: readonly string[] = []) {
  const running = startProcess(process.execPath, [...node, join(root, 'src', 'bootstrap.mjs'), ...args]);
  let output = '';
  running.child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const code = await running.ended;
  return { code, output, errors: running.errors() };
}

/** An old Node.js is played by what it would say of itself; everything else is the real file in a real process. */
function pretend(version: string): string[] {
  const say = `{ ...process.versions, node: '${version}' }`;
  return ['--import', `data:text/javascript,Object.defineProperty(process,'versions',{value:${say}})`];
}

describe('Node.js', () => {
  test.each(['16.20.2', '18.20.4', '20.18.3'])(
    '%s is refused with a remedy, and nothing is done',
    async (version) => {
      const root = project();
      const { code, output, errors } = await start(root, ['start'], pretend(version));
      expect(code).toBe(1);
      expect(output).toBe('');
      expect(errors).toContain(`Tabea needs Node.js 20.19 or newer; this is ${version}.`);
      expect(errors).toContain('https://nodejs.org');
      expect(existsSync(join(root, 'dist'))).toBe(false);
    },
  );

  test.each(['20.19.0', '24.1.0'])('%s is taken', async (version) => {
    expect((await start(project(), ['x'], pretend(version))).output).toBe('hello x\n');
  });
});

describe('the build', () => {
  test('is made once, again after a change, and without the sources that are gone', async () => {
    const root = project();
    writeFileSync(join(root, 'src', 'other.ts'), 'export const a = 1;\n');
    const first = await start(root, ['a', 'b']);
    expect(first).toMatchObject({ code: 7, output: 'hello a b\n' });
    expect(first.errors).toContain('Building');
    expect((await start(root, ['a'])).errors).not.toContain('Building');

    program(root, `process.stdout.write('changed\\n');`);
    rmSync(join(root, 'src', 'other.ts'));
    expect(await start(root, ['a'])).toMatchObject({ code: 0, output: 'changed\n' });
    expect(existsSync(join(root, 'dist', 'src', 'other.js'))).toBe(false);
  });

  test('a source that is older than the build, as after a checkout of an old commit, is built too', async () => {
    const root = project();
    await start(root, []);
    program(root, `process.stdout.write('old\\n');`);
    utimesSync(join(root, 'src', 'cli.ts'), 1, 1);
    expect((await start(root, [])).output).toBe('old\n');
  });

  test('a failed one is told, and the old one stays', async () => {
    const root = project();
    await start(root, []);
    program(root, 'const a: number = "no"; return a;');
    const failed = await start(root, []);
    expect(failed.code).toBe(1);
    expect(failed.output).toBe('');
    expect(failed.errors).toMatch(/TS2322[\s\S]*The build failed/);
    expect(existsSync(join(root, 'dist', 'src', 'cli.js'))).toBe(true);
    expect(readdirSync(root)).not.toContain('dist.new');
  });

  test('two starts at once build once, and a lock of a dead one does not stop them', async () => {
    const root = project();
    writeFileSync(join(root, '.bootstrap.lock'), '4194999');
    const both = await Promise.all([start(root, ['a']), start(root, ['b'])]);
    expect(both.map((one) => one.output)).toEqual(['hello a\n', 'hello b\n']);
    expect(both.filter((one) => one.errors.includes('Building'))).toHaveLength(1);
  });
});

test('another program of the build runs with --run', async () => {
  const root = project();
  mkdirSync(join(root, 'bench'));
  writeFileSync(join(root, 'bench', 'run.ts'), `process.stdout.write('bench\\n');\n`);
  expect((await start(root, ['--run', 'bench/run.js'])).output).toBe('bench\n');
});

test('an error for people is shown without a stack, with its exit code', async () => {
  const root = project();
  program(root, `throw Object.assign(new Error('cause'), { remedy: 'remedy', exitCode: 78 });`);
  expect(await start(root, [])).toMatchObject({
    code: 78,
    errors: expect.stringMatching(/Tabea: cause\n {2}remedy\n$/),
  });
});

test('a node_modules that does not fit and is only a link is not installed into', async () => {
  const root = project();
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const changed = JSON.parse(lock);
  changed.packages['node_modules/zod'].version = '0.0.1';
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(changed));
  const { code, errors } = await start(root, []);
  expect(code).toBe(1);
  expect(errors).toContain('node_modules is a link');
  expect(existsSync(join(ROOT, 'node_modules', 'zod', 'package.json'))).toBe(true);
});
