import type { Unit } from '../unit.ts';
import type { Files } from './files.ts';
import type { Kept } from './kept.ts';
import type { Line } from './line.ts';
import type { Degraded } from './log.ts';
import type { Place } from './place.ts';

/** Turns units into JSON text and back. */
export interface Codec {
  /**
   * A unit, or its parts if that would be too long, as JSON objects without a newline, their first key
   * `resourceMetrics`.
   */
  toLines(unit: Unit): readonly { readonly unit: Unit; readonly text: string }[];
  /** The protobuf bytes of such a text; keys it does not know are ignored. */
  fromLine(text: string): Uint8Array;
}

/** Units that are not in the log any more and were not acknowledged. */
export interface Dropped {
  /**
   * `bytes`, `age`: the oldest segment went for the bounds. `damaged`: a line cannot be read. `removed`: the files
   * disappeared. `torn`: the end of an append that a crash interrupted and nobody was told of; its points are 0.
   * `taken`: not lost, another process holds this one for dead, took the line and delivers it. `thinned`: left out for
   * the bounds, but a later point of the same series that is in the log says as much.
   */
  readonly reason: 'bytes' | 'age' | 'damaged' | 'removed' | 'torn' | 'taken' | 'thinned';
  /** As far as it is known. */
  readonly points: number;
  readonly bytes: number;
  /** Of the segment, or of the line. */
  readonly path: string;
}

/** What lines share. */
export interface LineContext {
  readonly files: Files;
  readonly codec: Codec;
  readonly kept: Kept;
  readonly fsync: 'batch' | 'always' | 'never';
  readonly segmentBytes: number;
  /** After how long a new segment is begun, so that age can be bounded by dropping whole segments. */
  readonly segmentMillis: number;
  /** The lines that have segments. */
  readonly lines: Set<Line>;
  readonly closed: boolean;
  now(): number;
  /** See `SegmentHeader.created`. */
  nextCreated(): number;
  /** See `Owner`. */
  newLine(): Place;
  wasTaken(id: string): boolean;
  /** Drops what is oldest until there is room; why there can be none. */
  makeRoom(bytes: number): Degraded | undefined;
  dropped(dropped: Dropped): void;
}
