import { join } from 'node:path';
import { type Files, writeAll } from './files.ts';
import { isSameProcess, type Processes, type ProcessIdentity } from './processes.ts';

/** A lease that was not renewed for so long is free to take, in milliseconds. */
export const STALE_MILLIS = 60_000;
/** How often an owner renews its lease, in milliseconds. */
export const RENEW_MILLIS = 15_000;

const LEASE = 'lease.json';
const RELEASED = 'released.json';
const LONGEST_LEASE = 4096;

/**
 * The lease of an owner: a file in its directory that names the process. Its time of last modification is when it
 * was last renewed, so that renewing it cannot tear it and works on a full disk. It is released by a rename.
 */
export function writeLease(files: Files, directory: string, self: ProcessIdentity, now: number): void {
  const path = join(directory, LEASE);
  const descriptor = files.create(path);
  try {
    writeAll(files, descriptor, Buffer.from(`${JSON.stringify(self)}\n`), 0);
  } finally {
    files.close(descriptor);
  }
  files.touch(path, now);
}

/** Throws ENOENT if there is no lease any more. */
export function renewLease(files: Files, directory: string, now: number): void {
  files.touch(join(directory, LEASE), now);
}

/** Whoever comes next may take what is in the directory. */
export function releaseLease(files: Files, directory: string): void {
  files.rename(join(directory, LEASE), join(directory, RELEASED));
}

export function removeLease(files: Files, directory: string): void {
  for (const name of [LEASE, RELEASED]) {
    const path = join(directory, name);
    if (files.status(path)) files.remove(path);
  }
}

/** What a directory says of its owner. */
export interface Lease {
  /** Given back: whoever comes next may take what is there. */
  readonly released: boolean;
  /** Undefined if it cannot be read. */
  readonly identity: ProcessIdentity | undefined;
  /** When it was renewed, in milliseconds since the epoch. */
  readonly renewed: number;
}

export function readLease(files: Files, directory: string): Lease {
  if (files.status(join(directory, RELEASED))) return { released: true, identity: undefined, renewed: 0 };
  const path = join(directory, LEASE);
  const lease = files.status(path);
  return {
    released: false,
    identity: lease && identityIn(files.readStart(path, LONGEST_LEASE)),
    // Its owner may be about to write it, or was killed then.
    renewed: (lease ?? files.status(directory))?.modified ?? 0,
  };
}

/** Whether what is in an owner's directory may be taken. */
export function isFree(files: Files, directory: string, processes: Processes, now: number): boolean {
  const { released, identity, renewed } = readLease(files, directory);
  if (released) return true;
  if (identity && isSameProcess(identity, processes.self)) return false;
  if (identity && processes.hasEnded(identity)) return true;
  // A time far in the future is as stale: the clock was set back since.
  return Math.abs(now - renewed) > STALE_MILLIS;
}

function identityIn(bytes: Uint8Array): ProcessIdentity | undefined {
  try {
    const { pid, start, boot, namespace, host } = JSON.parse(
      Buffer.from(bytes).toString(),
    ) as ProcessIdentity;
    const texts = [start, boot, namespace, host].every((text) => typeof text === 'string');
    return texts && Number.isSafeInteger(pid) && pid > 0 ? { pid, start, boot, namespace, host } : undefined;
  } catch {
    return undefined;
  }
}
