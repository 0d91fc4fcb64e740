/// <reference lib="esnext.disposable" preserve="true" />
import type { Attributes, Meter, MeterProvider } from '@opentelemetry/api';
import {
  type Key,
  OptionCheck,
  OstinatoError,
  report,
  type Scope,
  type Snapshot,
  type SnapshotMetric,
} from '@ostinato/core';
import type { SampleOptions, Sampling, TakeSample } from '@ostinato/recorder';
import { attributesOf } from './metric-data.ts';
import type { ReadableRecorder } from './producer.ts';
import { VERSION } from './version.ts';

/** A recorder whose histograms hand over each sample, as the one of `createRecorder()` can. */
export interface BridgeableRecorder extends ReadableRecorder {
  samples(take: TakeSample, options?: SampleOptions): Sampling;
}

export interface BridgeOptions {
  /**
   * `buffered` keeps histogram samples in a ring until they are handed over, every 100 ms and at each collection, so that
   * a record stays cheap. `direct` hands those of the recorder's own thread over as they are recorded. Default `buffered`.
   */
  readonly mode?: 'buffered' | 'direct';
}

/** Instruments that get what a recorder records. */
export interface Bridge extends Disposable {
  /** Hands over a last time, and no more. Before the provider is shut down: what comes after that goes nowhere. */
  dispose(): void;
}

/** So many series are read between two looks for the end of a run; a transfer goes through all in one turn. */
const RUN = 1_024;
const SCOPE = '@ostinato/otel';

/**
 * Feeds what `recorder` records into instruments of a MeterProvider that somebody else set up: its views, attribute
 * processors, cardinality limits and all of its readers apply to them, as if the instruments had been used directly.
 *
 * ```ts
 * const bridge = bridgeInstruments(recorder, metrics.getMeterProvider());
 * ```
 *
 * Counters are added to and gauges are recorded at each collection; of histograms, each sample is recorded, worker
 * threads' too. Histograms with buckets of their own ask for them (a view still decides); others have those that the
 * SDK gives. Bridge before anything is recorded on histograms and before worker threads are started: earlier samples are
 * known only as buckets, and are not handed over, which is reported (`OSTINATO_SAMPLES_LATE`). A sample that finds its
 * ring full is counted in `ostinato.bridge.dropped`.
 *
 * A scope that is new at a collection has its first values in the next one: the SDK has chosen its meters by then. So
 * `dispose()` before the provider's last flush. A recorder may be bridged again later, to the same provider without
 * repeating anything.
 *
 * @throws OstinatoError `OSTINATO_INVALID_RECORDER`, `OSTINATO_INVALID_OPTION`, and `OSTINATO_BUCKET_CONSUMER` while
 * the recorder is bridged already.
 */
export function bridgeInstruments(
  recorder: BridgeableRecorder,
  meterProvider: MeterProvider,
  options: BridgeOptions = {},
): Bridge {
  const { reader, samples } = (recorder ?? {}) as Partial<BridgeableRecorder>;
  if (typeof reader !== 'function' || typeof samples !== 'function') {
    throw new OstinatoError(
      'OSTINATO_INVALID_RECORDER',
      'bridgeInstruments: the first argument must be a recorder that can be read, as createRecorder() gives it.',
    );
  }
  const check = new OptionCheck('bridgeInstruments');
  if (typeof (meterProvider as Partial<MeterProvider> | undefined)?.getMeter !== 'function') {
    throw check.refused('the second argument', 'a MeterProvider', meterProvider);
  }
  const { mode = 'buffered' } = check.object<BridgeOptions>(options, ['mode']);
  const direct = check.oneOf('mode', mode, ['buffered', 'direct']) === 'direct';
  const instruments = new Instruments(meterProvider);
  const sampling = recorder.samples((metric, key, value) => instruments.give(metric, key, value), { direct });
  return new RunningBridge(meterProvider, instruments, sampling, readerFor(recorder, meterProvider));
}

class RunningBridge implements Bridge {
  readonly #instruments: Instruments;
  readonly #sampling: Sampling;
  readonly #reader: { collect(): Snapshot };
  readonly #stop: () => void;
  #disposed = false;

  constructor(
    meterProvider: MeterProvider,
    instruments: Instruments,
    sampling: Sampling,
    reader: { collect(): Snapshot },
  ) {
    this.#instruments = instruments;
    this.#sampling = sampling;
    this.#reader = reader;
    const meter = meterProvider.getMeter(SCOPE, VERSION);
    // The API's own provider has one meter for all names.
    if (meter === meterProvider.getMeter(SCOPE)) reportNoop();
    this.#transfer(true);
    const dropped = meter.createObservableCounter('ostinato.bridge.dropped', {
      unit: '{sample}',
      description: 'Histogram samples that were not handed over, since too many waited.',
    });
    // An SDK calls back before it reads any instrument, so what is recorded from there is part of that collection.
    const collecting = (result: { observe(value: number): void }): void => {
      this.#transfer(false);
      if (sampling.dropped > 0) result.observe(sampling.dropped);
    };
    dropped.addCallback(collecting);
    this.#stop = () => dropped.removeCallback(collecting);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#stop();
    this.#transfer(false);
    this.#sampling.stop();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Hands over what is new. The reader's past is what was handed over, so nothing is twice. */
  #transfer(first: boolean): void {
    let late = 0;
    for (const run of this.#reader.collect().chunks(RUN)) {
      for (const { metric, key, value, count } of run) {
        if (metric.type === 'counter' || metric.type === 'gauge') this.#instruments.give(metric, key, value);
        else late += count;
      }
    }
    if (first && late > 0) reportLate(late);
    this.#sampling.drain();
  }
}

/** What takes the values of one series. */
interface Target {
  readonly instrument: (value: number, attributes: Attributes) => void;
  readonly attributes: Attributes;
}

/** The instruments of a provider that stand for metrics of a recorder. */
class Instruments {
  readonly #provider: MeterProvider;
  readonly #targets = new WeakMap<Key, Target>();
  readonly #byScope = new WeakMap<Scope, Map<string, Target['instrument']>>();

  constructor(provider: MeterProvider) {
    this.#provider = provider;
  }

  /** Never throws, also if an attribute processor of a view does. */
  give(metric: SnapshotMetric, key: Key, value: number): void {
    try {
      let target = this.#targets.get(key);
      if (target === undefined) {
        target = { instrument: this.#instrument(metric), attributes: attributesOf(key) };
        this.#targets.set(key, target);
      }
      target.instrument(value, target.attributes);
    } catch (error) {
      report('OSTINATO_BRIDGE_FAILED', `${metric.scope.name} ${metric.name}`, () => {
        return `bridgeInstruments: the instrument "${metric.name}" throws: ${String((error as Error | undefined)?.message)}. The values that it throws on are lost.`;
      });
    }
  }

  #instrument(metric: SnapshotMetric): Target['instrument'] {
    const { scope, name } = metric;
    let named = this.#byScope.get(scope);
    if (named === undefined) {
      named = new Map();
      this.#byScope.set(scope, named);
    }
    let instrument = named.get(name);
    if (instrument === undefined) {
      instrument = createInstrument(this.#provider.getMeter(scope.name, scope.version), metric);
      named.set(name, instrument);
    }
    return instrument;
  }
}

function createInstrument(meter: Meter, metric: SnapshotMetric): Target['instrument'] {
  const { name, type, unit, description, bounds } = metric;
  const options = { unit, description };
  switch (type) {
    case 'counter': {
      const counter = meter.createCounter(name, options);
      return (value, attributes) => counter.add(value, attributes);
    }
    case 'gauge': {
      const gauge = meter.createGauge(name, options);
      return (value, attributes) => gauge.record(value, attributes);
    }
    case 'histogram':
    case 'exponentialHistogram': {
      const advice = type === 'histogram' ? { advice: { explicitBucketBoundaries: [...bounds] } } : {};
      const histogram = meter.createHistogram(name, { ...options, ...advice });
      return (value, attributes) => histogram.record(value, attributes);
    }
  }
}

const readers = new WeakMap<ReadableRecorder, WeakMap<MeterProvider, { collect(): Snapshot }>>();

/** One for each recorder and provider, for good: a bridge goes on where the one before stopped. */
function readerFor(recorder: ReadableRecorder, meterProvider: MeterProvider): { collect(): Snapshot } {
  let known = readers.get(recorder);
  if (known === undefined) {
    known = new WeakMap();
    readers.set(recorder, known);
  }
  let reader = known.get(meterProvider);
  if (reader === undefined) {
    reader = recorder.reader({ temporality: 'delta' });
    known.set(meterProvider, reader);
  }
  return reader;
}

function reportNoop(): void {
  report('OSTINATO_BRIDGE_NOOP', 'provider', () => {
    return "bridgeInstruments: this MeterProvider is the OpenTelemetry API's own, which does nothing, so what is recorded goes nowhere. Start the SDK first, then bridge.";
  });
}

function reportLate(samples: number): void {
  report('OSTINATO_SAMPLES_LATE', 'samples', () => {
    return `bridgeInstruments: ${samples} histogram samples were recorded before and are not handed over (counters and gauges are). Bridge before anything is recorded.`;
  });
}
