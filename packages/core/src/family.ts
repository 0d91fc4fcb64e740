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
/** By the value of one label: the maps of the next one, at the last label the handles. */
type Branch<H> = Map<Value, Branch<H> | H>;

/** So many values `labels` takes by parameters of their own. */
const POSITIONS = 6;

export class LabelFamily<H> implements Family<H, readonly string[]> {
  private readonly handles: HandleSource<H>;
  private readonly definition: Definition;
  private readonly names: readonly string[];
  private readonly root: Branch<H> = new Map();

  constructor(handles: HandleSource<H>, definition: Definition, names: readonly string[]) {
    this.handles = handles;
    this.definition = definition;
    this.names = names;
    if (names.length > POSITIONS) this.labels = this.labelsOfMany;
  }

  // Named parameters, and of `arguments` only the length: reading it by index, or a rest parameter, allocates.
  labels(a?: Value, b?: Value, c?: Value, d?: Value, e?: Value, f?: Value): H {
    const { length } = this.names;
    // biome-ignore lint/complexity/noArguments: see above
    const given = arguments.length;
    if (given === length) {
      let at: Branch<H> | H | undefined = this.root.get(a);
      if (length > 1 && at !== undefined) at = (at as Branch<H>).get(b);
      if (length > 2 && at !== undefined) at = (at as Branch<H>).get(c);
      if (length > 3 && at !== undefined) at = (at as Branch<H>).get(d);
      if (length > 4 && at !== undefined) at = (at as Branch<H>).get(e);
      if (length > 5 && at !== undefined) at = (at as Branch<H>).get(f);
      if (at !== undefined) return at as H;
    }
    const values = [a, b, c, d, e, f];
    values.length = given;
    return this.make(values);
  }

  /** The same for any number of labels. */
  private labelsOfMany(...values: readonly Value[]): H {
    let at: Branch<H> | H | undefined = this.root;
    for (let i = 0; i < this.names.length && at !== undefined; i++) at = (at as Branch<H>).get(values[i]);
    return at !== undefined && values.length === this.names.length ? (at as H) : this.make(values);
  }

  with(labels: Named<readonly string[]>): H {
    const { names } = this;
    if (typeof labels !== 'object' || labels === null) {
      return this.inert(`labels must be an object; it was ${quote(labels)}`);
    }
    try {
      let at: Branch<H> | H | undefined = this.root;
      for (let i = 0; i < names.length; i++) {
        at = (at as Branch<H>).get(labels[names[i] as string]);
        if (at === undefined) break;
      }
      if (at !== undefined) return at as H;
      return this.make(this.valuesOf(labels));
    } catch {
      return this.inert(UNREADABLE);
    }
  }

  private valuesOf(labels: Named<readonly string[]>): readonly unknown[] {
    return this.names.map((name) => labels[name]);
  }

  /** @param values of any number and type */
  private make(values: readonly unknown[]): H {
    const { names } = this;
    if (values.length !== names.length) {
      return this.inert(
        `${names.length} label values are needed (${names.join(', ')}), ${values.length} were given`,
      );
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
    const last = values.length - 1;
    for (let i = 0; i < last; i++) {
      let next = at.get(values[i]) as Branch<H> | undefined;
      if (next === undefined) {
        next = new Map();
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
