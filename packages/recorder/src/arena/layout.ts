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

/** Of everything below: to be raised whenever it changes, so that two versions of this package keep apart. */
export const LAYOUT = 5;

/**
 * Head, 32-bit words.
 *
 * `PASS`: written by the collector alone: odd while it reads cells that can be replaced, even otherwise. Owners
 * read it to learn when a replaced cell has no reader any more (cells/exponential-histogram.ts holds the proof).
 */
export const PASS = 0;
/** How often the collector gave slabs back. Written by it alone; owners that found the arena full look again. */
export const FREED = 1;
/** The next free address of the common slab in use, 0: none. Moved by CAS only, by any thread (arena/commons.ts). */
export const COMMONS = 2;
/** How many gauges are in the gauge table. `Atomics.add`, by any thread. */
export const GAUGES = 3;
/** 1 once a worker thread has said which layers it does not apply. `Atomics.exchange`, by any thread. */
export const LAYERS_REPORTED = 4;
/**
 * How often the collector asked for slots or gave some back (see `SERIES_REQUEST`). Written by it alone; owners look
 * through their slots when it has changed.
 */
export const EXPIRY_ROUND = 5;
/**
 * How often exemplars were collected. Written by the collector alone, after it has taken what there was; owners that
 * find another number begin with new reservoirs.
 */
export const EXEMPLAR_ROUND = 6;
/** 1 while somebody takes each sample of the histograms (read/samples.ts). By the recorder's thread; any thread reads. */
export const SAMPLING = 7;
/**
 * Slabs from this one on were never claimed. Raised by CAS before one of them is, by any thread, so that the collector
 * need not look at them; what it sees of a thread that has ended is below it.
 */
export const UNTOUCHED = 10;
/**
 * The latest start of any series, epoch nanoseconds, as one 64-bit word. Raised by CAS, by the thread that defines a
 * series, before it publishes it: so a collection that begins after something was recorded on a series reads its start
 * here, or a later one, and need not have read the series.
 */
export const LATEST_START = 12;
/**
 * Two lists of metric records, by the address of the newest one, 0: empty. `METRICS`: those that were defined;
 * `METRICS_IN_USE`: those that series were defined on. Each record has a link for each list (`METRIC_NEXT`).
 *
 * A thread puts its own records in, by CAS: into the first list when the record is published, into the second before
 * the first series that names the record is. It links the record to the newest one before it swaps it in, so whoever
 * finds a record finds all before it. The collector takes whole lists, by `Atomics.exchange` with 0. So it does no harm
 * if a list was emptied and filled up to the same newest record while a thread was about to swap: what the thread links
 * to is then in the list.
 *
 * So a collection that begins after something was recorded on a series takes its metric from both lists, if none before
 * has, and need not have read the series. A thread that is killed in between leaves a metric without series. What the
 * dead put in is taken by the first collection that knows of their death, before it frees their memory.
 */
export const METRICS = 14;
export const METRICS_IN_USE = 15;
/** Refused operations of all threads, 64 bits a reason (refusals.ts). `Atomics.add`, by any thread. */
export const REFUSALS = 16;
export const REFUSAL_REASONS = 24;
/** Buckets of the gauge table: address of the newest entry of a chain. Changed by CAS only, by any thread. */
export const GAUGE_TABLE = REFUSALS + REFUSAL_REASONS * 2;
export const GAUGE_BUCKETS = 4096;
/**
 * The thread table: 64 bits a thread, 0: free. A row holds, from the lowest bit on, the number that Node.js gave the
 * thread, plus one (32 bits); the row of the thread that started it (16 bits, 0: none); `THREAD_DEAD`. It is claimed
 * whole by one CAS, so there is no half a row; marked dead, once, by a thread that knows; and freed by the
 * collector when nothing in the arena names the row any more (arena/thread-table.ts). Row 0 is not used.
 */
export const THREAD_TABLE = GAUGE_TABLE + GAUGE_BUCKETS;
export const THREAD_ROWS = 2048;
/**
 * The text of the filter in force (layers/shared-filter.ts). `FILTER_GENERATION` is odd while it is written, and else
 * even; 0 until the first time. One writer, the recorder's thread; any thread reads. All of these words are read and
 * written by Atomics only, so there is one order of all accesses: a reader that finds the same even generation
 * before and after has read the text of that generation, and no other.
 */
export const FILTER_GENERATION = 8;
export const FILTER_BYTES = 9;
export const FILTER_TEXT = THREAD_TABLE + THREAD_ROWS * 2;
export const FILTER_TEXT_BYTES = 4096;
/** The slab table: two words a slab. */
export const SLAB_TABLE = FILTER_TEXT + FILTER_TEXT_BYTES / 4;
export const SLAB_TABLE_WORDS = 2;
/**
 * The row of the thread that owns the slab, 0: free, `COMMON`: nobody's (arena/commons.ts). Claimed by CAS; while it
 * is set, the slab is that thread's alone. Set to free by the owner if it claimed in vain, else by the collector
 * after the owner's death, when the slab is zero again.
 */
export const OWNER = 0;
export const COMMON = -1;
/**
 * How many bytes from the slab's start hold finished records. Grown by the owner's `Atomics.store` after the
 * record is written and before anything is recorded on it; a thread that is killed leaves whole records. Set to 0 by
 * the collector before it frees the slab.
 */
export const PUBLISHED = 1;

/** How many slabs the head takes. */
export function headSlabs(slabs: number): number {
  return Math.ceil(((SLAB_TABLE + slabs * SLAB_TABLE_WORDS) * 4) / SLAB_BYTES);
}

/*
 * Records of the dictionary, from the start of a slab upwards. Written once by the owner before they are published
 * and constant from then on, but for the words that are said to change, and for records of series that expired: these
 * are written anew (see `SERIES_INCARNATION`).
 */

/** Bytes of the record, a multiple of 8. */
export const RECORD_SIZE = 0;
/** One of the following; a slot is the record of a series where series expire, with some words more. */
export const RECORD_TAG = 1;
export const METRIC_RECORD = 1;
export const SERIES_RECORD = 2;
export const EXEMPLARS_RECORD = 3;
export const SLOT_RECORD = 4;
/**
 * Bytes of the identity: what follows the fixed words, and is compared to find equals. 0: the record is of the
 * collector's own thread, which knows whose it is (registry/own-records.ts).
 */
export const RECORD_IDENTITY = 2;

/** Metric records: `TYPES` of dictionary.ts. */
export const METRIC_TYPE = 3;
/** Metric records: number of bounds; these follow the identity, aligned. */
export const METRIC_BOUNDS = 4;
/**
 * Metric records: the next older record in either list, `LAST` where there is none; 0: it was never put in. Written once
 * by the owner, before it puts the record in.
 */
export const METRIC_NEXT = 5;
export const METRIC_NEXT_IN_USE = 6;
export const LAST = -1;
export const METRIC_WORDS = 8;

/** Series records: address of the metric record. */
export const SERIES_METRIC = 3;
/**
 * Series records: address of the cell, 0: none yet. Changes by the owner's `Atomics.store`, of exponential histograms
 * alone: these replace their cell by a complete new one.
 */
export const SERIES_CELL = 4;
/** Series records of counters: `MODE_*`. Changes once an incarnation, from none, by the owner's `Atomics.store`. */
export const SERIES_MODE = 5;
/** Series records: creation, epoch nanoseconds, as one 64-bit word. */
export const SERIES_START = 6;
export const SERIES_WORDS = 8;
/**
 * A slot is a series record and its cell. It serves one series after the other, its incarnations, counted from 1. Four
 * words say how far the current one is; each is written by one side alone, by `Atomics.store`, and only grows:
 *
 * 1. `SERIES_INCARNATION` = g, by the owner: the record is written, its cell is zero. The collector reads the record.
 * 2. `SERIES_REQUEST` = g, by the collector: the series is idle, it wants the slot.
 * 3. `SERIES_ACK` = g, by the owner: it revoked the series' cell and will not write here under g again.
 * 4. `SERIES_DONE` = g, by the collector: it has read what the cell holds for good, and will not read it again.
 * 5. The owner zeroes the cell, writes the record of another series, and goes on at 1 with g + 1.
 *
 * The owner's last write under g precedes its ack, which the collector sees before its last read: the final value is
 * exact, and has every sample that came after the request. The collector's last read precedes its done, which the
 * owner sees before it zeroes anything: no value of g + 1 is taken for one of g. Nothing is cleared under g. No record
 * looks at these words: an owner that records without end never gets to its ack, and keeps its slots.
 */
export const SERIES_INCARNATION = 8;
export const SERIES_REQUEST = 9;
export const SERIES_ACK = 10;
export const SERIES_DONE = 11;
export const SLOT_WORDS = 12;

export const MODE_NONE = 0;
export const MODE_SUM = 1;
export const MODE_MAX = 2;

/** Exemplars records: address of the slots of a thread's exemplars. */
export const EXEMPLARS_ADDRESS = 3;
/**
 * Exemplars records: how many slots, from the first on, were ever used. By the owner's `Atomics.store`, before it writes
 * to the last of them.
 */
export const EXEMPLARS_USED = 4;
export const EXEMPLARS_WORDS = 6;
/** So many slots fit into one slab, beside the record: exemplars that a thread keeps between two collections, at most. */
export const MAX_EXEMPLARS = 1_024;

/*
 * The slot of one exemplar, in words. One writer, the owner, who overwrites it when a sample takes the place of another;
 * the collector reads it at any time. `EXEMPLAR_SEQUENCE` is odd while it is written, and grows by 2 each time; 0: never.
 *
 * All words are read and written by Atomics only, so there is one order of all accesses. Each store to a slot lies
 * between one that makes its sequence odd and one that makes it even again. A reader that finds the same even sequence
 * before and after it has read had none of the first between its two looks, and what came before them is complete: it has
 * read one exemplar whole. If it finds another one, it leaves the slot for the next time. A thread that is ended while it
 * writes leaves an odd sequence, and that slot is not read.
 */
export const EXEMPLAR_SEQUENCE = 0;
/** Address of the series record, and its incarnation: the slot of a series may serve another one by now. */
export const EXEMPLAR_SERIES = 1;
export const EXEMPLAR_INCARNATION = 2;
/** Two halves of a double, and of epoch nanoseconds, the lower one first. */
export const EXEMPLAR_VALUE = 4;
export const EXEMPLAR_TIME = 6;
/** Four words and two, the most significant first; all zero: there was no span. */
export const EXEMPLAR_TRACE = 8;
export const EXEMPLAR_SPAN = 12;
export const EXEMPLAR_WORDS = 14;

/*
 * Cells, from the end of a slab downwards, in doubles. Written plainly by the owner, read plainly by the collector:
 * values only grow (gauges excepted), and each is exact once its writer rests.
 */

export const COUNTER_CELL = 1;

/**
 * A gauge's cell is the one that several threads write: the value by plain store (`set`) or CAS (`add`), then the
 * write counter plainly. Two threads may lose an increment of the counter between them, which still shows a write.
 *
 * It is the start of an entry of the gauge table, which outlives the thread that made it: common memory, filled by
 * that thread before the CAS that puts it into a chain, constant from then on but for value and writes. The words of
 * the entry count from its start; the identities of metric and series follow them.
 */
export const GAUGE_VALUE = 0;
export const GAUGE_WRITES = 1;
/** The next entry of the chain. */
export const GAUGE_NEXT = 4;
/** Bytes of the two identities. */
export const GAUGE_METRIC_IDENTITY = 5;
export const GAUGE_SERIES_IDENTITY = 6;
export const GAUGE_WORDS = 8;

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

/*
 * An AtomicBucket has a block of memory of its own: its head, the heads of its rings, then the values of all rings
 * (doubles), then their series (32-bit words). Positions in a ring count samples from the first on, modulo 2^32; a
 * capacity is a power of two, so a position's low bits are its place.
 */

/** Head: `BUCKET_MARK`, capacity and number of rings, written before the memory is shared. */
export const BUCKET_FORMAT = 0;
/** "OSB" and the version of this layout. */
export const BUCKET_MARK = 0x4f534201;
export const BUCKET_CAPACITY = 1;
export const BUCKET_RINGS = 2;
/** 1 once a drop was reported. By CAS, so that one thread reports. */
export const BUCKET_REPORTED = 3;
/** The claim of the thread that drains. */
export const BUCKET_CONSUMER = 4;
/** Samples dropped by threads that have no ring: a 64-bit word (index in 64-bit words), added to by any thread. */
export const BUCKET_HOMELESS = 3;
export const BUCKET_HEAD_WORDS = 32;

/**
 * A claim: which thread has the role, 0: none. Taken by CAS; set to 0 by that thread when it is done, or, after it
 * has ended, by the one thread that was told of that end. Who takes it next sees all that the one before wrote.
 */
export const CLAIM_THREAD = 0;
/**
 * The thread that had started that one, 0: not known. Written by the claimant after it has the claim, and set to 0
 * before the claim is, so that it never belongs to another claimant.
 */
export const CLAIM_PARENT = 1;

/**
 * Head of a ring, in words from its start. The producer's words and the consumer's are 128 bytes apart, lest each
 * store takes the other's cache line away.
 *
 * The claim of the thread that pushes. The next one goes on where the one before stopped.
 */
export const RING_PRODUCER = 0;
/** Samples that did not fit: a double (index in doubles), written plainly by the producer. */
export const RING_DROPPED = 1;
/** The position behind the newest sample: the producer's `Atomics.store`, after it wrote the sample plainly. */
export const RING_HEAD = 4;
/**
 * The position that the consumer reads next. By the consumer's `Atomics.store`, now and then and after it has read
 * the samples before it: the producer may then write there.
 */
export const RING_TAIL = 36;
/**
 * The same, up to date at each sample: written plainly by the consumer before it hands the sample over, and read by
 * the consumer alone, or by the next one, which has the claim. Never behind `RING_TAIL`.
 */
export const RING_NEXT = 37;
export const RING_WORDS = 64;
