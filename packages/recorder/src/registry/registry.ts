import {
  type Cell,
  CounterCell,
  type CounterSink,
  currentEpoch,
  type GaugeSink,
  type HistogramSink,
  isTracing,
  type Key,
  type Kind,
  type Meta,
  type ObservedKind,
  REVOKED,
  type Recorder,
  type RefusalReason,
  rebind,
  report,
  type Scope,
} from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { defineMetric, defineSeries, type SeriesDefinition, type StorageType } from '../arena/dictionary.ts';
import { COUNTER_CELL, GAUGES, RECORD_SIZE, SERIES_CELL } from '../arena/layout.ts';
import { SlabAllocator } from '../arena/slab.ts';
import { makeCell } from '../cells/cell.ts';
import { Counters } from '../cells/counter.ts';
import { DroppedCell } from '../cells/dropped.ts';
import { ExemplarPool } from '../cells/exemplar-pool.ts';
import { type ExplicitBounds, searchAmong } from '../cells/explicit-bounds.ts';
import { allocateExplicit, ExplicitHistogram, explicitCellSize } from '../cells/explicit-histogram.ts';
import { ExponentialCells } from '../cells/exponential-cells.ts';
import {
  ExponentialHistogram,
  type ExponentialHome,
  FIRST_CAPACITY,
} from '../cells/exponential-histogram.ts';
import { prepareIndex } from '../cells/exponential-index.ts';
import { FirstSample } from '../cells/first-sample.ts';
import { GaugeCell } from '../cells/gauge.ts';
import { shareGauge } from '../cells/gauge-table.ts';
import { SampledCounter, SampledExplicit, SampledExponential } from '../cells/sampled.ts';
import { type SampleSink, TappedHistogram } from '../cells/tapped-histogram.ts';
import type { Timeline } from '../clock.ts';
import { Observers } from '../observers.ts';
import type { Settings } from '../options.ts';
import type { Refusals } from '../refusals.ts';
import { Admission, isOverflow, OVERFLOW_LABELS } from './admission.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { Slots } from './expiry.ts';
import { LabelTable } from './label-table.ts';
import { NameTable } from './name-table.ts';
import type { OwnRecords } from './own-records.ts';

type AnyCell = Cell<CounterSink> | Cell<GaugeSink> | Cell<HistogramSink>;
/** The sinks of series that one thread alone records on. */
type OwnSink = CounterCell | ExplicitHistogram | ExponentialHistogram;

/** Metrics that are described before anything is recorded on them are remembered up to this number. */
const MAX_DESCRIBED = 10_000;

interface Metric {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly name: string;
  /** What was said first of each field. */
  meta: Meta;
  /** The metric's newest record in the dictionary, 0: none. */
  record: number;
  /** Something is known that the record does not say. */
  stale: boolean;
  /** Set by the first series. */
  type: StorageType;
  bounds: readonly number[];
  /** Explicit histograms: finds buckets. */
  search: ExplicitBounds;
  /** A cell of a series that then could not be defined, for the next one; 0: none. */
  spare: number;
  /** Whether the place of the overflow series is kept. */
  admitted: boolean;
  /** How many there are, the overflow series not counted. */
  series: number;
  /** Keys were sent to the overflow series, so its handles are to ask again when there is room. */
  crowded: boolean;
  readonly cells: LabelTable<AnyCell>;
  readonly overflow: () => AnyCell;
  readonly counters: Counters;
}

/** A series of this thread: what it takes to give its memory back. */
interface Slot {
  readonly metric: Metric;
  readonly labels: Key['labels'];
  readonly record: number;
  readonly sink: OwnSink | GaugeCell;
}

/** The series of one thread: finds the cell that belongs to a key, and makes it while the limits allow. */
export class Registry implements Recorder {
  readonly #arena: Arena;
  readonly #slabs: SlabAllocator;
  readonly #exponential: ExponentialHome;
  readonly #settings: Settings;
  readonly #timeline: Timeline;
  readonly #refusals: Refusals;
  readonly #admission: Admission;
  readonly #doorkeeper: Doorkeeper | undefined;
  /** Where series expire. */
  readonly #slots: Slots<Slot> | undefined;
  readonly #metrics = new NameTable<Metric>();
  /** The values of this thread that callbacks give. */
  readonly observers: Observers;
  readonly #ofAnotherKind: DroppedCell;
  readonly #beyondLimit: DroppedCell;
  /** Where exemplars are allowed. */
  readonly #exemplars: ExemplarPool | undefined;
  /** Whether new cells keep exemplars. */
  #sampling: boolean;
  /** As of when: `setTraceContext` begins another one. */
  #epoch = currentEpoch();
  /** Where the collector is in this isolate. */
  #own: OwnRecords | undefined = undefined;
  /** Who takes each sample of histograms. */
  #samples: SampleSink | undefined = undefined;
  /** After `renew`: the cells that were made since. */
  #renewed: WeakSet<AnyCell> | undefined = undefined;

  /** `thread` is a number above 0 that no other thread of this arena has. */
  constructor(
    arena: Arena,
    thread: number,
    settings: Settings,
    timeline: Timeline,
    refusals: Refusals,
    Observing = Observers,
  ) {
    this.observers = new Observing(this);
    this.#arena = arena;
    this.#slabs = new SlabAllocator(arena, thread, settings.expires);
    this.#exponential = { arena, cells: new ExponentialCells(arena, this.#slabs), full: this.#reportFull };
    this.#settings = settings;
    this.#timeline = timeline;
    this.#refusals = refusals;
    this.#admission = new Admission(settings.limits);
    this.#doorkeeper = settings.limits.doorkeeper ? new Doorkeeper(() => settings.clock.now()) : undefined;
    this.#slots = settings.expires
      ? new Slots<Slot>(arena, { close: (slot) => this.#close(slot), free: (slot) => this.#free(slot) })
      : undefined;
    this.#exemplars =
      settings.exemplars === 'always_off'
        ? undefined
        : new ExemplarPool(arena, thread, settings, () => timeline.start());
    this.#sampling = wantsExemplars(settings);
    this.#ofAnotherKind = new DroppedCell(() => refusals.add('kind'));
    this.#beyondLimit = new DroppedCell(() => refusals.add('limit'));
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    let metric = this.#metrics.get(scope, name);
    if (metric === undefined) {
      if (this.#metrics.size >= MAX_DESCRIBED) return;
      metric = this.#add(kind, scope, name);
    }
    if (metric.kind === kind) {
      this.#learn(metric, meta);
      this.#publish(metric, true);
    } else {
      reportKind(metric, kind);
    }
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    return this.cell('counter', key, meta) as Cell<CounterSink>;
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    return this.cell('gauge', key, meta) as Cell<GaugeSink>;
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    return this.cell('histogram', key, meta) as Cell<HistogramSink>;
  }

  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    return this.observers.add(kind, key, meta, read);
  }

  refused(_kind: Kind, reason: RefusalReason): void {
    this.#refusals.add(reason);
  }

  /**
   * Gives back what the collector asks for, some of it, and follows it to another round of exemplars, and tracing; true:
   * there is no more to do. From time to time, in the thread's own loop; each `cell` gives back too.
   */
  answer(): boolean {
    this.#followTracing();
    const follows = this.#exemplars?.refresh() ?? true;
    return (this.#slots?.answer() ?? true) && follows;
  }

  /** The collector is in this isolate: from now on it finds there whose new series records are. */
  shareKeys(own: OwnRecords): void {
    this.#own = own;
  }

  /** From now on each sample of histograms goes there too; of those that have handles, after the next `renew`. */
  sampleTo(samples: SampleSink): void {
    this.#samples = samples;
  }

  /**
   * From now on every series is answered with a cell that no handle holds yet. Needed before `rebind()` when layers
   * change which handles come here: of two that share a series, the one that is let through would otherwise open
   * the fast path for the one that is not, and that has not asked yet.
   */
  renew(): void {
    this.#renewed = new WeakSet();
  }

  /**
   * The cell of a series, of the kind that was asked for. The same one for equal keys until `renew`, but for those
   * that the doorkeeper does not know.
   */
  cell(kind: Kind, key: Key, meta: Meta): AnyCell {
    this.#slots?.answer();
    if (this.#epoch !== currentEpoch()) this.#followTracing();
    let metric = this.#metrics.get(key.scope, key.name);
    if (metric === undefined) {
      if (!this.#admission.admitMetric()) return this.#dropMetric(key);
      metric = this.#add(kind, key.scope, key.name);
      metric.admitted = true;
    }
    if (metric.kind !== kind) {
      reportKind(metric, kind);
      return this.#ofAnotherKind.cell;
    }
    this.#learn(metric, meta);
    const cell = this.#kept(metric, key.labels);
    if (cell === undefined) return this.#newCell(metric, key);
    this.#publish(metric, true);
    return cell;
  }

  /** Tracing may begin after series are there, and end: handles ask again then. */
  #followTracing(): void {
    const sampling = wantsExemplars(this.#settings);
    if (sampling !== this.#sampling) {
      this.#sampling = sampling;
      this.renew();
      rebind();
    }
    this.#epoch = currentEpoch();
  }

  #newCell(metric: Metric, key: Key): AnyCell {
    if (!metric.admitted) {
      if (!this.#admission.admitMetric()) return this.#dropMetric(key);
      metric.admitted = true;
    }
    if (this.#hasMemory && !isOverflow(key.labels) && this.#admission.hasRoom(metric.series)) {
      // A metric without labels is one series, whoever uses it.
      if (key.labels.length > 0 && this.#doorkeeper?.knows(key) === false) {
        return new FirstSample(metric.overflow).cell;
      }
      const cell = this.#make(metric, key, false);
      if (cell !== undefined) {
        this.#admission.admitSeries();
        metric.series++;
        return cell;
      }
      if (this.#slabs.full) this.#reportFull();
      else if (metric.kind !== 'gauge' || !this.#gaugesReachLimit()) this.#reportTooLarge(metric);
    }
    metric.crowded = true;
    return metric.overflow();
  }

  /** Whether it is worth while to look for memory. */
  get #hasMemory(): boolean {
    return !this.#slabs.full || this.#slabs.hasFreed;
  }

  /** The cell of a series that there is; one that was handed out before `renew` is replaced by its equal. */
  #kept(metric: Metric, labels: Key['labels']): AnyCell | undefined {
    const cell = metric.cells.get(labels);
    if (cell === undefined || this.#renewed === undefined || this.#renewed.has(cell)) return cell;
    return this.#replace(metric, labels, cell);
  }

  /** Puts an equal cell in the place of one whose handles are to ask again. */
  #replace(metric: Metric, labels: Key['labels'], cell: AnyCell): AnyCell {
    const sink = innermost(cell.sink);
    const fresh =
      (sink instanceof GaugeCell ? undefined : this.#wrapped(sink, labels)) ??
      (sink instanceof CounterCell
        ? metric.counters.renew(sink)
        : makeCell<GaugeSink & HistogramSink>(sink.cell.slots, sink.cell.index, sink as never));
    cell.gate = REVOKED;
    metric.cells.set(labels, fresh);
    this.#renewed?.add(fresh);
    return fresh;
  }

  /** A cell in front of the sink's own, if one is wanted: that keeps exemplars, or hands each sample over. */
  #wrapped(sink: OwnSink, labels: Key['labels']): AnyCell | undefined {
    const sampled = this.#sampled(sink, labels);
    if (this.#samples === undefined || sink instanceof CounterCell) return sampled;
    const inner = (sampled?.sink ?? sink) as HistogramSink;
    return new TappedHistogram(inner, sink, this.#samples).cell;
  }

  #close({ metric, labels }: Slot): void {
    const cell = metric.cells.get(labels) as AnyCell;
    cell.gate = REVOKED;
    if (cell.sink instanceof TappedHistogram) cell.sink.close();
    metric.cells.delete(labels);
    const sink = innermost(cell.sink);
    if (sink instanceof CounterCell) metric.counters.close(sink);
    else if (!(sink instanceof GaugeCell)) sink.close();
  }

  #free({ metric, labels, record, sink }: Slot): void {
    const { words } = this.#arena;
    this.#own?.free(record);
    this.#slabs.freeRecord(record, (words[record * 2 + RECORD_SIZE] as number) / 8);
    if (sink instanceof CounterCell) this.#slabs.freeCell(sink.index, COUNTER_CELL);
    else if (sink instanceof ExponentialHistogram) sink.free();
    else if (sink instanceof ExplicitHistogram)
      this.#slabs.freeCell(sink.index, explicitCellSize(metric.bounds.length));
    if (isOverflow(labels)) return;
    this.#admission.releaseSeries();
    metric.series--;
    if (!metric.crowded) return;
    metric.crowded = false;
    const overflow = metric.cells.get(OVERFLOW_LABELS);
    if (overflow !== undefined) this.#replace(metric, OVERFLOW_LABELS, overflow);
  }

  #dropMetric(key: Key): AnyCell {
    report('OSTINATO_LIMIT', 'metrics', () => {
      return `The limit of ${this.#settings.limits.total} series is reached: metrics that are new from now on are not recorded, "${key.name}" first.`;
    });
    return this.#beyondLimit.cell;
  }

  #add(kind: Kind, scope: Scope, name: string): Metric {
    const metric: Metric = {
      kind,
      scope,
      name,
      meta: {},
      record: 0,
      stale: true,
      type: kind === 'histogram' ? 'undecided' : kind,
      bounds: [],
      search: NO_BOUNDS,
      spare: 0,
      admitted: false,
      series: 0,
      crowded: false,
      cells: new LabelTable(),
      overflow: () =>
        this.#kept(metric, OVERFLOW_LABELS) ??
        this.#make(metric, Object.freeze({ scope, name, labels: OVERFLOW_LABELS }), true) ??
        this.#beyondLimit.cell,
      counters: new Counters(this.#arena, () => {
        this.#refusals.add('mode');
        report('OSTINATO_MODE', `${scope.name} ${name}`, () => {
          return `counter "${name}": a series takes either increment or absolute, as its first operation did; the other one is refused.`;
        });
      }),
    };
    this.#metrics.add(scope, name, metric);
    return metric;
  }

  /** Adds what is said of a metric to what was left open. */
  #learn(metric: Metric, meta: Meta): void {
    const known = metric.meta;
    if (meta === known) return;
    const unit = known.unit ?? meta.unit;
    const description = known.description ?? meta.description;
    const buckets = known.buckets ?? meta.buckets;
    if (unit === known.unit && description === known.description && buckets === known.buckets) return;
    metric.meta = {
      ...(unit === undefined ? {} : { unit }),
      ...(description === undefined ? {} : { description }),
      ...(buckets === undefined ? {} : { buckets }),
    };
    if (metric.type === 'exponentialHistogram' && this.#boundsOf(metric) !== undefined) {
      report('OSTINATO_BUCKETS_TOO_LATE', `${metric.scope.name} ${metric.name}`, () => {
        return `histogram "${metric.name}": its buckets were defined after the first record; it keeps exponential ones. Define it first, or give the buckets to createRecorder.`;
      });
    }
    metric.stale = true;
  }

  /** Brings the metric's record up to date. False: there is no memory for it. */
  #publish(metric: Metric, reserve: boolean): boolean {
    if (!metric.stale) return true;
    const { scope, name, type, meta, bounds } = metric;
    const definition = {
      scope,
      name,
      type,
      unit: meta.unit ?? '',
      description: meta.description ?? '',
      bounds,
    };
    const record = defineMetric(this.#arena, this.#slabs, definition, reserve);
    if (record === undefined) return false;
    metric.record = record;
    metric.stale = false;
    return true;
  }

  /** Explicit bounds, or undefined for exponential buckets. createRecorder's option beats the definition. */
  #boundsOf(metric: Metric): readonly number[] | undefined {
    const chosen = this.#settings.buckets.get(metric.name);
    return chosen === 'exponential' ? undefined : (chosen ?? metric.meta.buckets);
  }

  /** A new series with its cell, or undefined when there is no memory for it. */
  #make(metric: Metric, key: Key, reserve: boolean): AnyCell | undefined {
    if (metric.type === 'undecided') {
      const bounds = this.#boundsOf(metric);
      metric.type = bounds === undefined ? 'exponentialHistogram' : 'histogram';
      metric.bounds = bounds ?? [];
      metric.search = searchAmong(metric.bounds);
      metric.stale = true;
    }
    if (!this.#publish(metric, reserve)) return undefined;
    const cell =
      metric.type === 'gauge'
        ? this.#defineGauge(metric, key, reserve)
        : this.#defineOwn(metric, key, reserve);
    if (cell === undefined) return undefined;
    metric.cells.set(key.labels, cell);
    this.#renewed?.add(cell);
    return cell;
  }

  #definition(metric: Metric, labels: SeriesDefinition['labels']): SeriesDefinition {
    return { metric: metric.record, labels, start: this.#timeline.start() };
  }

  /** Of all threads together: the collector says so. */
  #gaugesReachLimit(): boolean {
    return Atomics.load(this.#arena.words, GAUGES) >= this.#settings.limits.total;
  }

  /** A series whose cell is the one that all threads share. */
  #defineGauge(metric: Metric, key: Key, reserve: boolean): AnyCell | undefined {
    const arena = this.#arena;
    const definition = this.#definition(metric, key.labels);
    const { total } = this.#settings.limits;
    const find = (record: number) => shareGauge(arena, record, total, reserve);
    const record = defineSeries(arena, this.#slabs, definition, find, reserve);
    if (record === undefined) return undefined;
    this.#own?.define(record, key);
    const sink = new GaugeCell(arena, arena.words[record * 2 + SERIES_CELL] as number);
    this.#slots?.add({ metric, labels: key.labels, record, sink });
    return sink.cell;
  }

  /** A series with a cell that this thread alone writes. */
  #defineOwn(metric: Metric, key: Key, reserve: boolean): AnyCell | undefined {
    const index = metric.spare || this.#allocate(metric, reserve);
    if (index === undefined) return undefined;
    const published = metric.type === 'exponentialHistogram' ? 0 : index;
    const labels = this.#own === undefined ? key.labels : this.#own.written(key.labels);
    const definition = this.#definition(metric, labels);
    const record = defineSeries(this.#arena, this.#slabs, definition, published, reserve);
    metric.spare = record === undefined ? index : 0;
    if (record === undefined) return undefined;
    this.#own?.define(record, key);
    const sink = this.#open(metric, record, index);
    this.#slots?.add({ metric, labels: key.labels, record, sink });
    return this.#wrapped(sink, key.labels) ?? (sink instanceof CounterCell ? sink : sink.cell);
  }

  /** A cell that keeps exemplars too, if they are wanted. */
  #sampled(sink: OwnSink, labels: Key['labels']): AnyCell | undefined {
    const pool = this.#exemplars;
    if (pool === undefined || !this.#sampling) return undefined;
    this.#own?.keepsExemplars(sink.series, labels);
    if (sink instanceof CounterCell) return new SampledCounter(pool, sink).cell;
    return sink instanceof ExplicitHistogram
      ? new SampledExplicit(pool, sink).cell
      : new SampledExponential(pool, sink).cell;
  }

  #allocate(metric: Metric, reserve: boolean): number | undefined {
    switch (metric.type) {
      case 'counter':
        return this.#slabs.cell(COUNTER_CELL, reserve);
      case 'histogram':
        return allocateExplicit(this.#arena, this.#slabs, metric.bounds.length, reserve);
      default:
        return this.#exponential.cells.allocate(FIRST_CAPACITY, reserve);
    }
  }

  #open(metric: Metric, record: number, index: number): OwnSink {
    const arena = this.#arena;
    switch (metric.type) {
      case 'counter':
        return metric.counters.open(record, index);
      case 'histogram':
        return new ExplicitHistogram(arena, record, index, metric.search);
      default:
        prepareIndex();
        return new ExponentialHistogram(this.#exponential, record, index);
    }
  }

  #reportTooLarge({ kind, scope, name }: Metric): void {
    report('OSTINATO_MEMORY', `${scope.name} ${name}`, () => {
      return `${kind} "${name}": a series is too large for the recorder's memory, by its labels or its buckets, and is summed into the series otel.metric.overflow=true.`;
    });
  }

  readonly #reportFull = (): void => {
    report('OSTINATO_MEMORY', 'arena', () => {
      return `The recorder's memory is used up: new series are summed into overflow series, and histograms cannot become finer. Raise createRecorder's maxMemory (${this.#settings.maxMemory} bytes).`;
    });
  };
}

const NO_BOUNDS = searchAmong([]);

function wantsExemplars({ exemplars }: Settings): boolean {
  return exemplars === 'always_on' || (exemplars === 'trace_based' && isTracing());
}

/** The sink that counts. */
function innermost(sink: AnyCell['sink']): OwnSink | GaugeCell {
  if (sink instanceof TappedHistogram) return sink.histogram;
  if (sink instanceof CounterCell) return sink.store instanceof SampledCounter ? sink.store.inner : sink;
  if (sink instanceof SampledExplicit || sink instanceof SampledExponential) return sink.inner;
  return sink as OwnSink | GaugeCell;
}

function reportKind(metric: Metric, kind: Kind): void {
  report('OSTINATO_KIND', `${metric.scope.name} ${metric.name}`, () => {
    return `${metric.kind} "${metric.name}" is used as a ${kind} too; the first definition stays, and what is recorded on the ${kind} is dropped.`;
  });
}
