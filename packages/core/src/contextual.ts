import { contextLabel, contextLabels, hasTraceLabels } from './context-labels.ts';
import type { Counter, CounterHandle } from './counter.ts';
import type { Gauge, GaugeHandle } from './gauge.ts';
import type { Problem } from './handle.ts';
import type { Handles } from './handles.ts';
import type { Histogram, HistogramHandle } from './histogram.ts';
import { characters, type Entry, type Fault } from './key.ts';
import type { SeriesLabelValue } from './recorder.ts';
import type { Definition, LabelContext } from './state.ts';
import { HandleTimer, type Timer, timeCall } from './timer.ts';

type Branch<H> = Map<SeriesLabelValue | undefined, Branch<H> | H>;

/**
 * Finds the handle that belongs to where it is used: some labels are fixed, others come from the context. Each
 * combination of these is an ordinary handle, so all that there is to handles (recorders, limits, local scopes) holds
 * for them; handles without context labels know nothing of this.
 */
export class Place<H> {
  readonly definition: Definition;
  private readonly handles: Handles<H>;
  private readonly own: readonly Entry[];
  /** The labels that come from the context. */
  private readonly names: readonly string[];
  private readonly root: Branch<H> = new Map();
  /** A memo of one entry: the handle for these labels. */
  private labels: LabelContext | undefined = undefined;
  private handle: H | undefined = undefined;

  /** There is at least one name. */
  constructor(handles: Handles<H>, definition: Definition, own: readonly Entry[], names: readonly string[]) {
    this.handles = handles;
    this.definition = definition;
    this.own = own;
    this.names = names;
  }

  /** Allocates nothing for values that were seen here before. */
  here(): H {
    const labels = contextLabels();
    // What spans say may change from one call to the next.
    if (hasTraceLabels()) return this.find(labels);
    if (this.handle !== undefined && this.labels === labels) return this.handle;
    this.labels = labels;
    this.handle = this.find(labels);
    return this.handle;
  }

  private find(labels: LabelContext | undefined): H {
    const { names } = this;
    let at: Branch<H> | H | undefined = this.root;
    for (let i = 0; i < names.length && at !== undefined; i++) {
      at = (at as Branch<H>).get(contextLabel(names[i] as string, labels));
    }
    return (at as H | undefined) ?? this.make(names.map((name) => contextLabel(name, labels)));
  }

  private make(values: readonly (SeriesLabelValue | undefined)[]): H {
    const entries = [...this.own];
    for (const [i, name] of this.names.entries()) {
      const value = values[i];
      if (value !== undefined) entries.push([name, value]);
    }
    const handle = this.handles.create(this.definition, entries);
    if (this.handles.reserve(values.length, characters(entries))) this.keep(values, handle);
    return handle;
  }

  private keep(values: readonly (SeriesLabelValue | undefined)[], handle: H): void {
    let at = this.root;
    for (const value of values.slice(0, -1)) {
      let next = at.get(value) as Branch<H> | undefined;
      if (next === undefined) {
        next = new Map();
        at.set(value, next);
      }
      at = next;
    }
    at.set(values.at(-1), handle);
  }
}

/** Makes contextual handles for a family, in place of the ordinary ones of `handles`. */
export class ContextHandles<H extends C, C> {
  private readonly handles: Handles<H>;
  private readonly names: readonly string[];
  private readonly Contextual: new (
    place: Place<H>,
  ) => C;

  constructor(handles: Handles<H>, names: readonly string[], Contextual: new (place: Place<H>) => C) {
    this.handles = handles;
    this.names = names;
    this.Contextual = Contextual;
  }

  /** A label that the metric has by itself wins; where it has all of them, the context is no matter. */
  create(definition: Definition, own: readonly Entry[]): C {
    const { handles } = this;
    const isOwn = (name: string) => handles.hasLabel(name) || own.some(([label]) => label === name);
    const names = this.names.filter((name) => !isOwn(name));
    if (names.length === 0) return handles.create(definition, own);
    return new this.Contextual(new Place(handles, definition, own, names));
  }

  inert(name: string, fault: Fault): C {
    return this.handles.inert(name, fault);
  }

  reserve(steps: number, size: number): boolean {
    return this.handles.reserve(steps, size);
  }
}

export class ContextCounter implements Counter {
  private readonly place: Place<CounterHandle>;

  constructor(place: Place<CounterHandle>) {
    this.place = place;
  }

  increment(by?: number): void {
    this.place.here().increment(by);
  }

  absolute(value: number): void {
    this.place.here().absolute(value);
  }
}

export class ContextGauge implements Gauge {
  private readonly place: Place<GaugeHandle>;

  constructor(place: Place<GaugeHandle>) {
    this.place = place;
  }

  set(value: number): void {
    this.place.here().set(value);
  }

  increment(by?: number): void {
    this.place.here().increment(by);
  }

  decrement(by?: number): void {
    this.place.here().decrement(by);
  }
}

/** What is measured is recorded in the context in which the measurement ends. */
export class ContextHistogram implements Histogram {
  private readonly place: Place<HistogramHandle>;

  constructor(place: Place<HistogramHandle>) {
    this.place = place;
  }

  get definition(): Definition {
    return this.place.definition;
  }

  record(value: number): void {
    this.place.here().record(value);
  }

  recordMany(value: number, count: number): void {
    this.place.here().recordMany(value, count);
  }

  refuse(problem: Problem, operation: string, value: unknown): void {
    this.place.here().refuse(problem, operation, value);
  }

  startTimer(): Timer {
    return new HandleTimer(this);
  }

  time<T>(fn: () => PromiseLike<T>): Promise<T>;
  time<T>(fn: () => T): T;
  time<T>(fn: () => T | PromiseLike<T>): T | Promise<T> {
    return timeCall(this, fn);
  }
}
