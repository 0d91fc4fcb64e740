import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { attempt, codeOf } from './files.ts';

/** What tells one process from every other. Strings are '' where the platform does not say. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in ticks since the boot: process ids are used again. */
  readonly start: string;
  readonly boot: string;
  /** Process ids mean something only in their namespace: in containers, everyone is 1. */
  readonly namespace: string;
  readonly host: string;
}

/** The table of processes. */
export interface Processes {
  readonly self: ProcessIdentity;
  /** Whether it is proven that this process has ended; false if that cannot be known from here. */
  hasEnded(identity: ProcessIdentity): boolean;
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.start === b.start && isSamePlace(a, b);
}

function isSamePlace(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.boot === b.boot && a.namespace === b.namespace && a.host === b.host;
}

/** Those that this process can see. Proofs need Linux's `/proc`; without it only a lease's age counts. */
export function systemProcesses(): Processes {
  const self: ProcessIdentity = {
    pid: process.pid,
    start: startOf('self').start,
    boot: read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    namespace: read(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  };
  return {
    self,
    hasEnded(identity) {
      if (!self.start || !self.boot || !self.namespace || !isSamePlace(identity, self)) return false;
      if (!existsNow(identity.pid)) return true;
      const { start, state } = startOf(identity.pid);
      return start !== '' && (start !== identity.start || state === 'Z' || state === 'X');
    },
  };
}

function existsNow(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** proc_pid_stat(5): field 2 is the command in parentheses, which may hold anything; 3 the state, 22 the start. */
function startOf(pid: number | 'self'): { start: string; state: string } {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

function read(source: () => string): string {
  let text = '';
  attempt(() => {
    text = source();
  });
  return text;
}
