import type { Unit } from '../unit.ts';

/** Why a unit could not be written: the log is degraded and its units stay in memory. */
export interface Degraded {
  readonly code: string;
  readonly message: string;
}

export type AppendResult =
  /** Written; `durable` resolves when it is as safe as `fsync` promises, and never rejects. */
  | { readonly stored: true; readonly durable: Promise<void> }
  | { readonly stored: false; readonly degraded: Degraded };

/** One FIFO of units of one resource on disk: this process's own, or one adopted from a dead process. */
export interface LogLine {
  readonly resource: string;
  /** Units, points and bytes of segments that are not acknowledged yet. */
  readonly pending: number;
  readonly points: number;
  readonly bytes: number;
  /** Writes all units in order with one write, or none of them. */
  append(units: readonly Unit[]): AppendResult;
  /** The same, durable when it returns: for the exit handler. */
  appendSync(units: readonly Unit[]): AppendResult;
  /** The oldest unacknowledged unit; the same one until it is acknowledged. */
  peek(): Promise<Unit | undefined>;
  /** Steps the cursor over the oldest unit. Segments that are wholly acknowledged are deleted. */
  acknowledge(): void;
}

/** The fallback log of one directory, shared by any number of processes. */
export interface FallbackLog {
  /** This process's own line for a resource; nothing is created on disk before its first append. */
  line(resource: string): LogLine;
  /** Claims the lines of dead processes, oldest first; never those of a live one. */
  adopt(): Promise<readonly LogLine[]>;
  /** Bytes on disk that this process owns. */
  readonly bytes: number;
  /** Closes files and releases leases; lines with unacknowledged units are left for adoption. */
  close(): void;
}
