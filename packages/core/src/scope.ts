import { ContextCounter, ContextGauge, ContextHandles, ContextHistogram, type Place } from './contextual.ts';
import { type Counter, CounterHandle } from './counter.ts';
import { describe } from './describe.ts';
import { type HandleSource, HistogramLabelFamily, LabelFamily } from './family.ts';
import { type Gauge, GaugeHandle } from './gauge.ts';
import { Handles, type HandleType } from './handles.ts';
import { type Histogram, HistogramHandle } from './histogram.ts';
import { type Entry, makeKey, readLabels } from './key.ts';
import type { DefineCounter, DefineGauge, DefineHistogram, Metrics, ScopeOptions } from './metrics.ts';
import { observing } from './observe.ts';
import { OptionCheck } from './option-check.ts';
import { META_OPTIONS, type Options, readLabelNames, readLevel, readMeta, readName } from './options.ts';
import type { Scope } from './recorder.ts';
import { type Definition, sharedState } from './state.ts';
import { wellFormed } from './text.ts';
import type { TimedHistogram } from './timer.ts';

const LIMIT = 1_000;
const SCOPE_OPTIONS = ['name', 'version', 'level', 'labels'];

const state = sharedState();
const known = new Map<string, Metrics>();

const COUNTER: HandleType<CounterHandle> = {
  kind: 'counter',
  create: (definition, target) => new CounterHandle(definition, target),
};
const GAUGE: HandleType<GaugeHandle> = {
  kind: 'gauge',
  create: (definition, target) => new GaugeHandle(definition, target),
};
const HISTOGRAM: HandleType<HistogramHandle> = {
  kind: 'histogram',
  create: (definition, target) => new HistogramHandle(definition, target),
};

/**
 * The same functions, for metrics that come from `name`: it becomes OpenTelemetry's instrumentation scope and the
 * target of filters. The same options give the same object. Throws `OstinatoError` at a wrong option.
 *
 * ```ts
 * const db = scope({ name: 'acme-db', version: '2.1.0', labels: { driver: 'pg' } });
 * const queries = db.counter('db.queries');
 * ```
 */
export function scope(options: ScopeOptions): Metrics {
  const check = new OptionCheck('scope');
  const { name, version, level, labels } = check.object<Options>(options, SCOPE_OPTIONS);
  if (typeof name !== 'string' || name === '') {
    throw check.refused('name', 'a string that is not empty', name);
  }
  if (version !== undefined && typeof version !== 'string') {
    throw check.refused('version', 'a string', version);
  }
  const where: Scope = {
    name: wellFormed(name),
    ...(version === undefined ? {} : { version: wellFormed(version) }),
    ...(level === undefined ? {} : { level: readLevel(check, level) }),
  };
  const entries = readLabels(labels);
  if (typeof entries === 'string') throw check.error(`labels: ${entries}`);
  return metricsOf(where, entries);
}

/** Beyond the bound, scopes work but keep nothing: a program that makes them without end must not fill the memory. */
export function metricsOf(where: Scope, labels: readonly Entry[]): Metrics {
  const shared = sharedScope(where);
  const inherited = makeKey(shared, '', [], labels).labels;
  const id = JSON.stringify([shared.name, shared.version, shared.level, inherited]);
  let metrics = known.get(id);
  if (metrics === undefined) {
    const cached = known.size < LIMIT;
    metrics = newMetrics(shared, inherited, cached);
    if (cached) known.set(id, metrics);
  }
  return metrics;
}

/** One frozen object per name, version and level in an isolate. */
function sharedScope({ name, version, level }: Scope): Scope {
  const id = JSON.stringify([name, version, level]);
  let shared = state.scopes.get(id);
  if (shared === undefined) {
    shared = Object.freeze({
      name,
      ...(version === undefined ? {} : { version }),
      ...(level === undefined ? {} : { level }),
    });
    if (state.scopes.size < LIMIT) state.scopes.set(id, shared);
  }
  return shared;
}

function newMetrics(where: Scope, inherited: readonly Entry[], cached: boolean): Metrics {
  const counters = new Handles(COUNTER, where, inherited, cached);
  const gauges = new Handles(GAUGE, where, inherited, cached);
  const histograms = new Handles(HISTOGRAM, where, inherited, cached);
  return Object.freeze({
    counter: (name, labels) => counters.find(name, labels),
    gauge: (name, labels) => gauges.find(name, labels),
    histogram: (name, labels) => histograms.find(name, labels),
    defineCounter: definer<CounterHandle, Counter, LabelFamily<Counter>>(
      'defineCounter',
      counters,
      ContextCounter,
      LabelFamily,
    ) as DefineCounter,
    defineGauge: definer<GaugeHandle, Gauge, LabelFamily<Gauge>>(
      'defineGauge',
      gauges,
      ContextGauge,
      LabelFamily,
    ) as DefineGauge,
    defineHistogram: definer<HistogramHandle, ContextualHistogram, HistogramLabelFamily>(
      'defineHistogram',
      histograms,
      ContextHistogram,
      HistogramLabelFamily,
    ) as DefineHistogram,
    observeCounter: observing('observeCounter', 'counter', where, inherited),
    observeGauge: observing('observeGauge', 'gauge', where, inherited),
    describeCounter: describer('describeCounter', counters),
    describeGauge: describer('describeGauge', gauges),
    describeHistogram: describer('describeHistogram', histograms),
  } satisfies Metrics);
}

type ContextualOf<H, C> = new (place: Place<H>) => C;
type FamilyOf<C, F> = new (handles: HandleSource<C>, definition: Definition, names: readonly string[]) => F;
type ContextualHistogram = Histogram & TimedHistogram;

function definer<H extends C, C, F>(
  call: string,
  handles: Handles<H>,
  Contextual: ContextualOf<H, C>,
  Family: FamilyOf<C, F>,
) {
  const made = new Map<string, C | F>();
  const allowed = [...META_OPTIONS[handles.kind], 'labels', 'contextLabels'];
  return (name: unknown, options: unknown): C | F => {
    const metric = readName(call, name);
    const check = new OptionCheck(`${call}('${metric}')`);
    const given = check.object<Options>(options, allowed);
    const meta = readMeta(check, given);
    const labels = readLabelNames(check, 'labels', given.labels);
    const fromContext = readLabelNames(check, 'contextLabels', given.contextLabels);
    const definition = handles.definition(metric);
    describe(definition, meta);
    if (labels === undefined && fromContext === undefined) return handles.unlabelled(definition);
    const id = JSON.stringify([metric, labels, fromContext]);
    let definedAs = made.get(id);
    if (definedAs === undefined) {
      const source: HandleSource<C> =
        fromContext === undefined ? handles : new ContextHandles(handles, fromContext, Contextual);
      definedAs =
        labels === undefined ? source.create(definition, []) : new Family(source, definition, labels);
      if (handles.reserve(1, id.length)) made.set(id, definedAs);
    }
    return definedAs;
  };
}

function describer(call: string, handles: Handles<unknown>) {
  return (name: unknown, options: unknown): void => {
    const metric = readName(call, name);
    const check = new OptionCheck(`${call}('${metric}')`);
    const given = check.object<Options>(options, META_OPTIONS[handles.kind]);
    describe(handles.definition(metric), readMeta(check, given));
  };
}
