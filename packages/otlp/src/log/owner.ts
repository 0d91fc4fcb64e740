import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { directoryProblem } from './directory.ts';
import { attempt, codeOf, type Files } from './files.ts';
import { RENEW_MILLIS, releaseLease, removeLease, renewLease, STALE_MILLIS, writeLease } from './lease.ts';
import type { Place } from './place.ts';
import type { Processes } from './processes.ts';

/** The wall clock and a timer that does not keep the process alive. */
export interface LogClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `task` each so many milliseconds until the returned function is called; its promise is for tests. */
  repeat(millis: number, task: () => Promise<void>): () => void;
}

export const systemClock: LogClock = {
  now: () => Date.now(),
  repeat(millis, task) {
    const timer = setInterval(() => void task(), millis);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/**
 * This process in the log's directory:
 * ```
 * <directory>/<owner>/lease.json            who that is, and since when it was not heard of
 * <directory>/<owner>/<line>/00000001.jsonl
 * <directory>/<owner>/<line>/cursor
 * ```
 * A line's path names its owner. Taking it from a dead owner is one rename, `<dead>/<line>` to `<mine>/<line>`, which
 * succeeds for one of any number of takers; and an owner who was only suspended finds nothing at its own path.
 */
export class Owner {
  readonly #files: Files;
  readonly #root: string;
  readonly #processes: Processes;
  readonly #clock: LogClock;
  readonly #renewed: () => Promise<void>;
  #path: string | undefined;
  /** Directories above that got an entry for it. */
  #above: readonly string[] = [];
  #lastRenewal = 0;
  #stop: (() => void) | undefined;

  /** `renewed` is called after each renewal. */
  constructor(
    files: Files,
    root: string,
    processes: Processes,
    clock: LogClock,
    renewed: () => Promise<void>,
  ) {
    this.#files = files;
    this.#root = root;
    this.#processes = processes;
    this.#clock = clock;
    this.#renewed = renewed;
  }

  /** Its directory, if it has one. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Its directory, made with a lease in it if it is not there. Throws what the file system throws. */
  establish(): string {
    if (this.#path) return this.#path;
    const problem = directoryProblem(this.#files, this.#root);
    if (problem) throw Object.assign(new Error(problem), { code: 'OSTINATO_LOG_DIRECTORY' });
    const changed = this.#files.makeDirectories(this.#root);
    if (changed.length > 0) this.#above = changed;
    const path = join(this.#root, randomUUID());
    this.#files.makeDirectory(path);
    try {
      this.#lastRenewal = this.#clock.now();
      writeLease(this.#files, path, this.#processes.self, this.#lastRenewal);
    } catch (error) {
      attempt(() => removeLease(this.#files, path));
      attempt(() => this.#files.removeDirectory(path));
      throw error;
    }
    this.#path = path;
    this.#stop ??= this.#clock.repeat(RENEW_MILLIS, () => this.#renew());
    return path;
  }

  /** A new directory for a line. */
  newLine(): Place {
    const id = randomUUID();
    let owner = this.establish();
    try {
      this.#files.makeDirectory(join(owner, id));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#path = undefined;
      owner = this.establish();
      this.#files.makeDirectory(join(owner, id));
    }
    return { id, path: join(owner, id), above: [owner, this.#root, ...this.#above] };
  }

  /**
   * Whether a line that is not at its path any more was taken by another process, which delivers it, and not
   * removed by somebody. One that delivered it and is gone left no trace, but only a stale lease is taken.
   */
  wasTaken(line: string): boolean {
    if (this.#clock.now() - this.#lastRenewal > STALE_MILLIS) return true;
    try {
      return this.#files.list(this.#root).some((owner) => this.#files.status(join(this.#root, owner, line)));
    } catch {
      return false;
    }
  }

  /** Stops renewing. What is left is free to be taken; without lines nothing is left. */
  release(): void {
    this.#stop?.();
    this.#stop = undefined;
    const path = this.#path;
    if (!path) return;
    this.#path = undefined;
    // A release that fails is one that others have to find out: the process ends, or the lease gets stale.
    attempt(() => releaseLease(this.#files, path));
    attempt(() => removeOwner(this.#files, path));
  }

  #renew(): Promise<void> {
    const path = this.#path;
    const now = this.#clock.now();
    if (path) {
      try {
        renewLease(this.#files, path, now);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') this.#restore(path, now);
      }
    }
    // Before the renewal counts: lines that are missing now were taken while it was overdue.
    const done = this.#renewed();
    this.#lastRenewal = now;
    return done;
  }

  /** Somebody held this process for dead and removed its lease, and its directory if there was nothing else. */
  #restore(path: string, now: number): void {
    try {
      writeLease(this.#files, path, this.#processes.self, now);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') this.#path = undefined;
    }
  }
}

/** Removes the directory of an owner unless there are lines in it. */
export function removeOwner(files: Files, path: string): void {
  // A line that appears in between makes the removal fail, and its owner writes the lease again.
  if (files.list(path).every((name) => name.endsWith('.json'))) {
    removeLease(files, path);
    files.removeDirectory(path);
  }
}
