import type { Counter } from './counter.ts';
import type { Family, HistogramFamily } from './family.ts';
import type { Gauge } from './gauge.ts';
import type { Histogram } from './histogram.ts';
import type { Labels } from './labels.ts';
import type { Observation } from './observe.ts';
import type { Level, Meta } from './recorder.ts';

/** What can be said of a counter or a gauge. */
export type MetricOptions = Omit<Meta, 'buckets'>;

/** What can be said of a histogram. */
export type HistogramOptions = Meta;

type LabelNames = readonly [string, ...string[]];

/** What only a definition says, as it is about the handles that it returns. */
interface ContextOptions {
  /**
   * Labels that come from the context: `withLabels`, spans or baggage. A label of the metric itself wins. Other handles of
   * the metric, such as `counter(name)` gives, do not have them.
   */
  readonly contextLabels?: readonly string[];
}

export interface DefineCounter {
  /** Without labels: the counter itself. */
  (name: string, options?: MetricOptions & ContextOptions & { readonly labels?: undefined }): Counter;
  /** With labels: a family of counters, one per combination of label values. */
  <const L extends LabelNames>(
    name: string,
    options: MetricOptions & ContextOptions & { readonly labels: L },
  ): Family<Counter, L>;
}

export interface DefineGauge {
  /** Without labels: the gauge itself. */
  (name: string, options?: MetricOptions & ContextOptions & { readonly labels?: undefined }): Gauge;
  /** With labels: a family of gauges, one per combination of label values. */
  <const L extends LabelNames>(
    name: string,
    options: MetricOptions & ContextOptions & { readonly labels: L },
  ): Family<Gauge, L>;
}

export interface DefineHistogram {
  /** Without labels: the histogram itself. */
  (name: string, options?: HistogramOptions & ContextOptions & { readonly labels?: undefined }): Histogram;
  /** With labels: a family of histograms, one per combination of label values. */
  <const L extends LabelNames>(
    name: string,
    options: HistogramOptions & ContextOptions & { readonly labels: L },
  ): HistogramFamily<L>;
}

export interface Observe {
  /** The callback is called at each collection. */
  (name: string, read: () => number): Observation;
  (name: string, labels: Labels | undefined, read: () => number): Observation;
}

/** The functions that make metrics, bound to one scope. They need no `this` and may be destructured. */
export interface Metrics {
  readonly counter: (name: string, labels?: Labels) => Counter;
  readonly gauge: (name: string, labels?: Labels) => Gauge;
  readonly histogram: (name: string, labels?: Labels) => Histogram;
  readonly defineCounter: DefineCounter;
  readonly defineGauge: DefineGauge;
  readonly defineHistogram: DefineHistogram;
  readonly observeCounter: Observe;
  readonly observeGauge: Observe;
  readonly describeCounter: (name: string, options: MetricOptions) => void;
  readonly describeGauge: (name: string, options: MetricOptions) => void;
  readonly describeHistogram: (name: string, options: HistogramOptions) => void;
}

/** Where metrics come from. */
export interface ScopeOptions {
  /** The instrumentation scope of OpenTelemetry: the name of your package, or of a part of it. */
  readonly name: string;
  /** The version of your package. */
  readonly version?: string;
  /** The level of all metrics that have none of their own; `info` if none has one. */
  readonly level?: Level;
  /** Labels that all series of the scope get. A label of the same name at the metric wins. */
  readonly labels?: Labels;
}
