/// <reference lib="esnext.disposable" preserve="true" />
import { type Key, OstinatoError, report, type SnapshotMetric } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { SAMPLING } from '../arena/layout.ts';
import { AtomicBucket } from '../bucket/atomic-bucket.ts';
import type { SampleSink } from '../cells/tapped-histogram.ts';
import type { CollectedMetric, CollectedSeries } from './collected.ts';
import type { Collector, RecordWatcher } from './collector.ts';
import { recordsOf } from './merge.ts';

/** Takes one sample of a histogram. `key` is the same object for all samples of a series. */
export type TakeSample = (metric: SnapshotMetric, key: Key, value: number) => void;

/** What `recorder.samples` takes. */
export interface SampleOptions {
  /**
   * Whether what this thread records is handed over at once, rather than kept until the next drain; the samples of
   * other threads, and the first ones of a series, wait for that in any case. Default false.
   */
  readonly direct?: boolean;
}

/** Samples that are being handed over. Disposing of it stops it. */
export interface Sampling extends Disposable {
  /** Hands over at once what waits. */
  drain(): void;
  /** How many samples were dropped so far, since too many waited. */
  readonly dropped: number;
  /** Drains a last time, and ends it. */
  stop(): void;
}

/** So many samples are handed over at a time, so that the event loop has its turn between. */
const CHUNK = 1_000;
const INTERVAL_MILLIS = 100;

interface Series {
  readonly metric: CollectedMetric;
  readonly series: CollectedSeries;
}

/**
 * Every sample of the histograms of all threads, handed over in the recorder's thread, each once.
 *
 * A sample travels as a value and the address of its series record. Addresses find their series by what the collector
 * has read: a record is published before anything is recorded on it, so who meets an unknown address reads what was
 * published since. An address is another series' only after the collector has let go of the record, and before it does,
 * what waits is drained here (`leaving`): all of it is there by then, since the owner of the record has ended or has
 * acknowledged that it is done with it.
 */
export class HistogramSamples implements SampleSink, RecordWatcher {
  readonly bucket = new AtomicBucket();
  readonly #arena: Arena;
  readonly #collector: Collector;
  /** By address; undefined: a record that is part of no series. */
  readonly #byRecord = new Map<number, Series | undefined>();
  #taker: TakeSample | undefined;
  #direct = false;
  /** As many samples of this thread wait, or fewer. */
  #waiting = 0;
  #draining = false;
  #soon: NodeJS.Timeout | undefined;
  #interval: NodeJS.Timeout | undefined;

  constructor(arena: Arena, collector: Collector) {
    this.#arena = arena;
    this.#collector = collector;
    collector.watcher = this;
    for (const { metrics } of collector.scopes) {
      for (const metric of metrics) {
        for (const series of metric.series) {
          for (const record of recordsOf(series)) this.found(record, metric, series);
        }
      }
    }
  }

  /** Throws `OSTINATO_BUCKET_CONSUMER` while they are handed over to somebody else. */
  start(take: TakeSample, direct: boolean): Sampling {
    if (this.#taker !== undefined) {
      throw new OstinatoError(
        'OSTINATO_BUCKET_CONSUMER',
        'recorder.samples: the samples of this recorder are handed over already, and there can be one taker; stop() the other one first.',
      );
    }
    const taker: TakeSample = (metric, key, value) => take(metric, key, value);
    this.#taker = taker;
    this.#direct = direct;
    Atomics.store(this.#arena.words, SAMPLING, 1);
    this.#interval = unref(setInterval(this.#pump, INTERVAL_MILLIS));
    const stop = () => {
      if (this.#taker === taker) this.#stop();
    };
    const samples = this;
    return {
      drain: () => {
        if (samples.#taker === taker) samples.#drain();
      },
      get dropped() {
        return samples.bucket.dropped;
      },
      stop,
      [Symbol.dispose]: stop,
    };
  }

  #stop(): void {
    Atomics.store(this.#arena.words, SAMPLING, 0);
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#drain();
    this.#taker = undefined;
  }

  /** By the histograms of this thread. What does not fit into the ring makes room by itself. */
  take(value: number, count: number, record: number): void {
    if (this.#taker === undefined) return;
    const { capacity } = this.bucket;
    if (this.#direct && count <= capacity) {
      const known = this.#byRecord.get(record);
      if (known !== undefined) {
        for (let i = 0; i < count; i++) this.#give(known, value);
        return;
      }
    }
    if (this.#waiting + count > capacity) this.#drain();
    this.#waiting = Math.min(capacity, this.#waiting + count);
    this.bucket.pushMany(value, record, count);
    if (this.#waiting > CHUNK) this.#pumpSoon();
  }

  found(record: number, metric: CollectedMetric, series: CollectedSeries): void {
    if (metric.kind === 'histogram') this.#byRecord.set(record, { metric, series });
  }

  leaving(records: readonly number[]): void {
    if (!records.some((record) => this.#byRecord.has(record))) return;
    this.#drain();
    for (const record of records) this.#byRecord.delete(record);
  }

  /** Also records that are part of no series, whose samples go nowhere. */
  forget(lies: (address: number) => boolean): void {
    this.#drain();
    for (const record of this.#byRecord.keys()) if (lies(record)) this.#byRecord.delete(record);
  }

  readonly #pump = (): void => {
    this.#soon = undefined;
    if (this.#drain(CHUNK) === CHUNK) this.#pumpSoon();
  };

  #pumpSoon(): void {
    this.#soon ??= unref(setTimeout(this.#pump, 0));
  }

  /** What a thread pushed that had not heard yet that there is no taker goes nowhere: it must not wait for another series. */
  #drain(limit = Infinity): number {
    if (this.#draining) return 0;
    this.#draining = true;
    try {
      const drained = this.bucket.drain(this.#consume, limit);
      if (drained < limit) this.#waiting = 0;
      return drained;
    } finally {
      this.#draining = false;
    }
  }

  readonly #consume = (value: number, record: number): void => {
    const known = this.#byRecord.get(record) ?? this.#look(record);
    if (known !== undefined) this.#give(known, value);
  };

  #look(record: number): Series | undefined {
    if (!this.#byRecord.has(record)) {
      this.#collector.takeIn();
      // Part of no series: the collector does not count what is recorded there either, and has said so.
      if (!this.#byRecord.has(record)) this.#byRecord.set(record, undefined);
    }
    return this.#byRecord.get(record);
  }

  #give({ metric, series }: Series, value: number): void {
    try {
      this.#taker?.(metric.view('cumulative'), series.key, value);
    } catch (error) {
      report('OSTINATO_BUCKET_CONSUMER_FAILED', `samples of ${metric.scope.name} ${metric.name}`, () => {
        return `recorder.samples: the function that takes samples throws on those of "${metric.name}": ${String((error as Error | undefined)?.message)}. The samples that it throws on are lost.`;
      });
    }
  }
}

/** The samples of a worker thread's histograms, on their way to the recorder's thread. */
export class WorkerSamples implements SampleSink {
  readonly bucket: AtomicBucket;
  readonly #words: Int32Array;

  constructor({ words }: Arena, shared: SharedArrayBuffer) {
    this.bucket = AtomicBucket.attach(shared);
    this.#words = words;
  }

  take(value: number, count: number, record: number): void {
    if (Atomics.load(this.#words, SAMPLING) !== 0) this.bucket.pushMany(value, record, count);
  }
}

function unref(timer: NodeJS.Timeout): NodeJS.Timeout {
  timer.unref?.();
  return timer;
}
