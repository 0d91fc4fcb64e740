import type { Unit } from '../unit.ts';

/** Why a unit could not be written: the log is degraded and its units stay in memory. */
export interface Degraded {
  /** That of the file system (`ENOSPC`, `EACCES`, `EROFS`, `ENOENT` …), or `OSTINATO_LOG_DIRECTORY`, `OSTINATO_LOG_FULL`, `OSTINATO_LOG_CLOSED`. */
  readonly code: string;
  readonly message: string;
}

export type AppendResult =
  /**
   * Written: it survives the end of this process, `kill -9` included. `durable` resolves when it is as safe as
   * `fsync` promises, or with the reason why it is not (the unit remains in the log); it never rejects.
   */
  | { readonly stored: true; readonly durable: Promise<Degraded | undefined> }
  /** Nothing was written, no part of it. A later append tries again. */
  | { readonly stored: false; readonly degraded: Degraded };

/** One FIFO of units of one resource on disk: this process's own, or one adopted from a dead process. */
export interface LogLine {
  /** Of an adopted line whose headers are all damaged: ''. */
  readonly resource: string;
  /** Units and points that are not acknowledged yet, that of `peek` included; bytes on disk. */
  readonly pending: number;
  readonly points: number;
  readonly bytes: number;
  /**
   * Writes all units in order with one write, or none of them. One too long for a line is written as its halves.
   * `given`, only while nothing is pending: the caller has the first unit already, as if `peek` had given it.
   */
  append(units: readonly Unit[], given?: boolean): AppendResult;
  /** The same, durable when it returns: for the exit handler. */
  appendSync(units: readonly Unit[], given?: boolean): AppendResult;
  /**
   * The oldest unacknowledged unit; the same one until it is acknowledged. Never rejects: undefined with `pending`
   * above 0 means that the log cannot be read just now (too many open files, say), so ask again later.
   */
  peek(): Promise<Unit | undefined>;
  /** Steps the cursor over the unit that `peek` gave. Segments that are wholly acknowledged are deleted. */
  acknowledge(): void;
}

/** The fallback log of one directory, shared by any number of processes. */
export interface FallbackLog {
  /** This process's own line for a resource; nothing is created on disk before its first append. */
  line(resource: string): LogLine;
  /**
   * Claims the lines of dead processes, oldest first; never those of a live one. Each line is returned once, so ask
   * again now and then: other processes may have died, and what is beyond `maxBytes` waits on disk. Never rejects.
   */
  adopt(): Promise<readonly LogLine[]>;
  /**
   * Keeps a unit that the receiver refused for good in `<directory>/rejected`, for people; before it is acknowledged, so
   * that a death in between loses it in neither. False if that is not possible.
   */
  keepRejected(unit: Unit, cause: string): boolean;
  /** Bytes on disk that this process owns. */
  readonly bytes: number;
  /** Closes files and releases leases; lines with unacknowledged units are left for adoption. */
  close(): void;
}
