/**
 * Every shared word of the arena: who writes it, who reads it, and why that is safe. No other file knows an offset.
 *
 * The arena is one block of memory, seen as bytes, 32-bit words and doubles. It starts with the head, and the rest
 * is cut into slabs of 64 KiB. "Owner" is the thread that claimed a slab, "collector" the one isolate that reads.
 * Addresses are counted in doubles (8 bytes), so that 2 GiB fit into a positive 32-bit word; 0 means none.
 *
 * Two rules make plain accesses enough nearly everywhere:
 * - one writer: what the owner writes plainly, nobody else writes;
 * - publish last: plain writes that precede an `Atomics.store` are seen by whoever sees that store by `Atomics.load`.
 *
 * Aligned 8-byte accesses are atomic on 64-bit V8; the arena is refused elsewhere.
 */

export const SLAB_BYTES = 65_536;

/**
 * Head, 32-bit words.
 *
 * `PASS`: written by the collector alone: odd while it reads cells that can be replaced, even otherwise. Owners
 * read it to learn when a replaced cell has no reader any more (cells/exponential-histogram.ts holds the proof).
 */
export const PASS = 0;
/** Buckets of the gauge table: address of the newest series record of a chain. Changed by CAS only, by any thread. */
export const GAUGE_TABLE = 16;
export const GAUGE_BUCKETS = 4096;
/** The slab table: two words a slab. */
export const SLAB_TABLE = GAUGE_TABLE + GAUGE_BUCKETS;
export const SLAB_TABLE_WORDS = 2;
/** The thread that owns the slab, 0: free. Claimed by CAS; while it is set, the slab is that thread's alone. */
export const OWNER = 0;
/**
 * How many bytes from the slab's start hold finished records. Grown by the owner's `Atomics.store` after the
 * record is written and before anything is recorded on it; a thread that is killed leaves whole records.
 */
export const PUBLISHED = 1;

/** How many slabs the head takes. */
export function headSlabs(slabs: number): number {
  return Math.ceil(((SLAB_TABLE + slabs * SLAB_TABLE_WORDS) * 4) / SLAB_BYTES);
}

/*
 * Records of the dictionary, from the start of a slab upwards. Written once by the owner before they are published
 * and constant from then on, but for the words that are said to change.
 */

/** Bytes of the record, a multiple of 8. */
export const RECORD_SIZE = 0;
/** `METRIC_RECORD` or `SERIES_RECORD`. */
export const RECORD_TAG = 1;
export const METRIC_RECORD = 1;
export const SERIES_RECORD = 2;
/** Bytes of the identity: what follows the fixed words, and is compared to find equals. */
export const RECORD_IDENTITY = 2;

/** Metric records: `TYPES` of dictionary.ts. */
export const METRIC_TYPE = 3;
/** Metric records: number of bounds; these follow the identity, aligned. */
export const METRIC_BOUNDS = 4;
export const METRIC_WORDS = 6;

/** Series records: address of the metric record. */
export const SERIES_METRIC = 3;
/**
 * Series records: address of the cell, 0: none yet. Changes, by the owner's `Atomics.store`: an exponential
 * histogram replaces its cell by a complete new one; a gauge that finds itself defined by another thread takes
 * that cell, before it writes to its own.
 */
export const SERIES_CELL = 4;
/** Series records of counters: `MODE_*`. Changes once, from none, by the owner's `Atomics.store`. */
export const SERIES_MODE = 5;
/** Series records of gauges: the next record of the chain in the gauge table. Set before the record enters it. */
export const SERIES_NEXT = 6;
/** Series records: creation, epoch nanoseconds, as one 64-bit word. */
export const SERIES_START = 8;
export const SERIES_WORDS = 10;

export const MODE_NONE = 0;
export const MODE_SUM = 1;
export const MODE_MAX = 2;

/*
 * Cells, from the end of a slab downwards, in doubles. Written plainly by the owner, read plainly by the collector:
 * values only grow (gauges excepted), and each is exact once its writer rests.
 */

export const COUNTER_CELL = 1;

/**
 * A gauge's cell is the one that several threads write: the value by plain store (`set`) or CAS (`add`), then the
 * write counter plainly. Two threads may lose an increment of the counter between them, which still shows a write.
 */
export const GAUGE_VALUE = 0;
export const GAUGE_WRITES = 1;
export const GAUGE_CELL = 2;

/** Both histograms: the write counter, one a record, stored last. */
export const HISTOGRAM_WRITES = 0;
export const HISTOGRAM_SUM = 1;
export const HISTOGRAM_MIN = 2;
export const HISTOGRAM_MAX = 3;
/** Explicit bounds: the buckets follow, one more than bounds. */
export const EXPLICIT_BUCKETS = 4;
/** Exponential: constant once the cell is published, but for the counts. */
export const EXPONENTIAL_ZERO = 4;
export const EXPONENTIAL_SCALE = 5;
/** The index, at the cell's scale, of the first of its buckets. */
export const EXPONENTIAL_BASE = 6;
export const EXPONENTIAL_CAPACITY = 7;
export const EXPONENTIAL_BUCKETS = 8;
