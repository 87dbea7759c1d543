/** What is told of a run: a table for people, JSON for comparing, and the machine it was taken on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../config/root.js';
import { spread } from './measure.js';
import type { BoundRow, Row } from './row.js';

export type AnyRow = Row | BoundRow;

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGB: number;
  readonly node: string;
  readonly postgres: string;
  readonly redis: string;
  /** One-minute load when the benchmarks began: above a few tenths somebody else was at work. */
  readonly loadBefore: number;
}

export function describeMachine(postgres: string): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    model: processors[0]?.model.trim() ?? 'unknown',
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
    redis: versionOf('redis-server'),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

function versionOf(program: string): string {
  try {
    return /\bv=(\S+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
  } catch {
    return 'not installed';
  }
}

interface Told {
  readonly name: string;
  /** The figure that is held against least and aim: a ratio, or a value. */
  readonly figure: string;
  readonly spread: string;
  readonly subject: string;
  readonly limit: string;
  readonly least: string;
  readonly aim: string;
  readonly verdict: 'aim reached' | 'reached' | 'MISSED';
}

export function isCompared(row: AnyRow): row is Row {
  return 'compared' in row;
}

function tell(row: AnyRow): Told {
  if (isCompared(row)) {
    const ratio = spread(row.compared.ratios);
    const verdict =
      ratio.median >= row.aim ? 'aim reached' : ratio.median >= row.least ? 'reached' : 'MISSED';
    return {
      name: row.name,
      figure: ratio.median.toFixed(2),
      spread: `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
      subject: `${Math.round(spread(row.compared.subject).median)} ${row.unit}`,
      limit: `${Math.round(spread(row.compared.limit).median)}/s`,
      least: `≥ ${row.least}`,
      aim: `${row.aim}`,
      verdict,
    };
  }
  const { median, min, max } = spread(row.values);
  const figure = figureOf(row);
  return {
    name: row.name,
    figure: `${round(figure)} ${row.unit}`,
    spread: `${round(min)}–${round(max)}`,
    subject: `${round(median)} ${row.unit}`,
    limit: '',
    least: `≤ ${row.most}`,
    aim: `${row.aim}`,
    verdict: figure <= row.aim ? 'aim reached' : figure <= row.most ? 'reached' : 'MISSED',
  };
}

/** A peak where the worst counts, the median elsewhere. */
function figureOf(row: BoundRow): number {
  const { median, max } = spread(row.values);
  return row.counts === 'max' ? max : median;
}

function round(value: number): string {
  return value >= 20 ? value.toFixed(0) : value.toFixed(2);
}

export function table(machine: Machine, runs: number, rows: readonly AnyRow[]): string {
  const head: Record<keyof Told, string> = {
    name: 'benchmark',
    figure: 'ratio',
    spread: 'min–max',
    subject: 'Tabea',
    limit: 'limit',
    least: 'at least',
    aim: 'aim',
    verdict: '',
  };
  const told = rows.map((row) => tell(row));
  const keys: (keyof Told)[] = ['name', 'figure', 'spread', 'subject', 'limit', 'least', 'aim', 'verdict'];
  const widths = keys.map((key) => Math.max(...[head, ...told].map((one) => one[key].length)));
  const line = (one: Readonly<Record<keyof Told, string>>) =>
    keys
      .map((key, column) => one[key].padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const { cores, model, memoryGB, node, postgres, redis, loadBefore } = machine;
  return [
    `${cores} × ${model}, ${memoryGB} GB, Node ${node}, PostgreSQL ${postgres}, Redis ${redis}, load before: ${loadBefore}`,
    `Medians of ${runs} runs, limit and Tabea in turn.`,
    '',
    line(head),
    ...told.map((one) => line(one)),
    '',
    ...rows.flatMap((row) => [`${row.name}: ${row.what}`, ...row.notes.map((note) => `  ${note}`)]),
  ].join('\n');
}

/** Writes `bench/results/<date>.json` and returns its path. */
export function writeResults(machine: Machine, runs: number, rows: readonly AnyRow[], at: Date): string {
  const folder = join(projectRoot(), 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${at.toISOString().slice(0, 19).replaceAll(':', '')}.json`);
  const told = rows.map((row) =>
    isCompared(row)
      ? { ...row, ratio: spread(row.compared.ratios), verdict: tell(row).verdict }
      : { ...row, ...spread(row.values), verdict: tell(row).verdict },
  );
  writeFileSync(file, `${JSON.stringify({ at: at.toISOString(), runs, machine, rows: told }, null, 2)}\n`);
  return file;
}
