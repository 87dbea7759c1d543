/** What a process costs, from /proc: told beside the rates, because it hardly depends on who else is at work. */
import { readFileSync } from 'node:fs';

/** USER_HZ: 100 wherever Linux runs. */
const TICKS = 100;

/** Seconds of processor time of the process, and of children that it has outlived; 0 where the system does not tell. */
export function processorSeconds(pid: number): number {
  try {
    // After the name in brackets, which may hold blanks. proc(5): utime, stime, cutime, cstime are 14 to 17.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return ticks / TICKS;
  } catch {
    return 0;
  }
}

/** The same for a process and the children that live. */
export function familySeconds(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + processorSeconds(one), 0);
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** 0 where the system does not tell. */
export function parentOf(pid: number): number {
  try {
    const found = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Resident memory in bytes; 0 where the system does not tell. */
export function residentBytes(pid: number): number {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** For a table. */
export function microseconds(seconds: number): string {
  return `${Math.round(seconds * 1e6)} µs`;
}
