import type { Histogram } from './histogram.ts';
import {
  characters,
  type Entry,
  type Fault,
  isAbsent,
  labelFault,
  labelValueProblem,
  UNREADABLE,
} from './key.ts';
import type { Named, Values } from './labels.ts';
import type { SeriesLabelValue } from './recorder.ts';
import type { Definition } from './state.ts';
import { quote } from './text.ts';
import { recordElapsed, Stopwatch, type TimedHistogram } from './timer.ts';

/** A metric whose labels are declared: one handle per combination of their values. */
export interface Family<H, L extends readonly string[]> {
  /**
   * The handle for these values, by name. Only the declared labels are read; one that is missing is absent. Never
   * throws: a bad value gives a handle that records nothing, counted, with one warning.
   */
  with(labels: Named<L>): H;
  /** The handle for these values, in the order of the declaration: the fastest form. */
  labels(...values: Values<L>): H;
}

/** A family of histograms. */
export interface HistogramFamily<L extends readonly string[]> extends Family<Histogram, L> {
  /** Starts to measure something whose labels are known only at its end. */
  startTimer(): FamilyTimer<L>;
}

/** A running measurement that gets its labels at the end. */
export interface FamilyTimer<L extends readonly string[]> {
  /** Records as `Timer.stop` does, in the series of these values. */
  stop(...values: Values<L>): number;
}

/** What a family has its handles from: `Handles`, or `ContextHandles`. */
export interface HandleSource<H> {
  create(definition: Definition, own: readonly Entry[]): H;
  inert(name: string, fault: Fault): H;
  reserve(steps: number, size: number): boolean;
}

type Value = SeriesLabelValue | undefined;
/** By the value of one label: the branches of the next one, at the last label the handles. */
class Branch<H> {
  /** The value while there is only one: comparing costs less than a Map. NaN equals nothing. */
  private value: Value = NaN;
  private next: Branch<H> | H | undefined = undefined;
  /** All of them once there are more. */
  private many: Map<Value, Branch<H> | H> | undefined = undefined;

  get(value: Value): Branch<H> | H | undefined {
    const { many } = this;
    if (many !== undefined) return many.get(value);
    return this.value === value ? this.next : undefined;
  }

  set(value: Value, next: Branch<H> | H): void {
    if (this.many !== undefined) this.many.set(value, next);
    else if (this.next === undefined || this.value === value) {
      this.value = value;
      this.next = next;
    } else {
      this.many = new Map([
        [this.value, this.next],
        [value, next],
      ]);
    }
  }
}

/** So many values `labels` takes by parameters of their own. */
const POSITIONS = 6;

export class LabelFamily<H> implements Family<H, readonly string[]> {
  private readonly handles: HandleSource<H>;
  private readonly definition: Definition;
  private readonly names: readonly string[];
  private readonly root = new Branch<H>();

  constructor(handles: HandleSource<H>, definition: Definition, names: readonly string[]) {
    this.handles = handles;
    this.definition = definition;
    this.names = names;
    if (names.length > POSITIONS) {
      this.labels = this.labelsOfMany;
      this.with = this.withMany;
    }
  }

  // Named parameters, and of `arguments` only the length: reading it by index, or a rest parameter, allocates.
  labels(a?: Value, b?: Value, c?: Value, d?: Value, e?: Value, f?: Value): H {
    // biome-ignore lint/complexity/noArguments: see above
    const given = arguments.length;
    if (given === this.names.length) {
      const handle = this.find(a, b, c, d, e, f);
      if (handle !== undefined) return handle;
    }
    return this.make([a, b, c, d, e, f], given);
  }

  private find(a: Value, b: Value, c: Value, d: Value, e: Value, f: Value): H | undefined {
    const { length } = this.names;
    let at: Branch<H> | H | undefined = this.root.get(a);
    if (length > 1 && at !== undefined) at = (at as Branch<H>).get(b);
    if (length > 2 && at !== undefined) at = (at as Branch<H>).get(c);
    if (length > 3 && at !== undefined) at = (at as Branch<H>).get(d);
    if (length > 4 && at !== undefined) at = (at as Branch<H>).get(e);
    if (length > 5 && at !== undefined) at = (at as Branch<H>).get(f);
    return at as H | undefined;
  }

  /** The same for any number of labels. */
  private labelsOfMany(...values: readonly Value[]): H {
    const { length } = this.names;
    let at: Branch<H> | H | undefined = this.root;
    for (let i = 0; i < length && at !== undefined; i++) at = (at as Branch<H>).get(values[i]);
    return at !== undefined && values.length === length ? (at as H) : this.make(values, values.length);
  }

  /**
   * Each label is read at a place of its own, which meets few names and shapes; and nothing else is done with the
   * caller's object, which need not be made at all then: the compiler puts its values where they are read.
   */
  with(labels: Named<readonly string[]>): H {
    if (typeof labels !== 'object' || labels === null) return this.noObject(labels);
    const { names } = this;
    const { length } = names;
    let a: Value;
    let b: Value;
    let c: Value;
    let d: Value;
    let e: Value;
    let f: Value;
    try {
      a = labels[names[0] as string];
      if (length > 1) b = labels[names[1] as string];
      if (length > 2) c = labels[names[2] as string];
      if (length > 3) d = labels[names[3] as string];
      if (length > 4) e = labels[names[4] as string];
      if (length > 5) f = labels[names[5] as string];
    } catch {
      return this.inert(UNREADABLE);
    }
    return this.find(a, b, c, d, e, f) ?? this.make([a, b, c, d, e, f], length);
  }

  /** The same for any number of labels. */
  private withMany(labels: Named<readonly string[]>): H {
    const { names } = this;
    if (typeof labels !== 'object' || labels === null) return this.noObject(labels);
    try {
      let at: Branch<H> | H | undefined = this.root;
      for (let i = 0; i < names.length && at !== undefined; i++) {
        at = (at as Branch<H>).get(labels[names[i] as string]);
      }
      return at === undefined ? this.make(this.valuesOf(labels), names.length) : (at as H);
    } catch {
      return this.inert(UNREADABLE);
    }
  }

  private valuesOf(labels: Named<readonly string[]>): readonly unknown[] {
    return this.names.map((name) => labels[name]);
  }

  private noObject(labels: unknown): H {
    return this.inert(`labels must be an object; it was ${quote(labels)}`);
  }

  /** @param values of any type; `given` of them, whatever stands behind those */
  private make(values: readonly unknown[], given: number): H {
    const { names } = this;
    if (given !== names.length) {
      return this.inert(`${names.length} label values are needed (${names.join(', ')}), ${given} were given`);
    }
    const entries: Entry[] = [];
    for (const [i, name] of names.entries()) {
      const value = values[i];
      const problem = labelValueProblem(name, value);
      if (problem !== undefined) return this.inert(problem);
      if (!isAbsent(value)) entries.push([name, value as SeriesLabelValue]);
    }
    const handle = this.handles.create(this.definition, entries);
    if (this.handles.reserve(names.length, characters(entries))) {
      this.keep(values as readonly Value[], handle);
    }
    return handle;
  }

  private keep(values: readonly Value[], handle: H): void {
    let at = this.root;
    const last = this.names.length - 1;
    for (let i = 0; i < last; i++) {
      let next = at.get(values[i]) as Branch<H> | undefined;
      if (next === undefined) {
        next = new Branch<H>();
        at.set(values[i], next);
      }
      at = next;
    }
    at.set(values[last], handle);
  }

  private inert(problem: string): H {
    const { name } = this.definition;
    return this.handles.inert(name, labelFault(name, problem));
  }
}

export class HistogramLabelFamily
  extends LabelFamily<Histogram & TimedHistogram>
  implements HistogramFamily<readonly string[]>
{
  startTimer(): FamilyTimer<readonly string[]> {
    return new LabelFamilyTimer(this);
  }
}

class LabelFamilyTimer implements FamilyTimer<readonly string[]> {
  private readonly family: HistogramLabelFamily;
  private readonly watch = new Stopwatch();
  private result: number | undefined = undefined;

  constructor(family: HistogramLabelFamily) {
    this.family = family;
  }

  stop(): number {
    if (this.result === undefined) {
      const elapsed = this.watch.elapsed();
      // biome-ignore lint/complexity/noArguments: passed on as they are, in whatever number
      const histogram: TimedHistogram = Reflect.apply(this.family.labels, this.family, arguments);
      this.result = recordElapsed(histogram, elapsed);
    }
    return this.result;
  }
}
