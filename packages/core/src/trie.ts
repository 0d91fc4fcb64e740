import type { Entry } from './key.ts';
import type { SeriesLabelValue } from './recorder.ts';

/** Compiled to nothing within a for-in loop over the same object, unlike `Object.hasOwn` on Node 20. */
const hasOwn = Object.prototype.hasOwnProperty;

/**
 * A place in a trie of labels: what follows after some labels, in the order in which callers write them. Labels in
 * another order are another way, which ends at another handle for the same series.
 */
export class Step<H> {
  /** What belongs to the labels up to here. */
  handle: H | undefined = undefined;
  /** The label that was seen first to follow here. */
  private label: string | undefined = undefined;
  /** Its value that was seen first, often the only one: comparing costs less than a Map. NaN equals nothing. */
  private value: SeriesLabelValue = NaN;
  /** The step behind that value, */
  private step: Step<H> | undefined = undefined;
  /** or what belongs to it if nothing was seen to follow, as in most sets of labels: no step is made for them. */
  private end: H | undefined = undefined;
  /** The same for its other values. */
  private steps: Map<SeriesLabelValue, Step<H>> | undefined = undefined;
  private ends: Map<SeriesLabelValue, H> | undefined = undefined;
  /** The same for each other label that follows here. */
  private others: Map<string, Step<H>> | undefined = undefined;

  /** What was kept for these labels. Makes nothing: no string, no array. Whatever `labels` is, it does not throw. */
  find(labels: object): H | undefined {
    let at: Step<H> = this;
    let { handle } = this;
    try {
      for (const label in labels) {
        if (!hasOwn.call(labels, label)) continue;
        const value = (labels as { readonly [label: string]: unknown })[label] as SeriesLabelValue;
        const from = at.label === label ? at : at.others?.get(label);
        let next: Step<H> | undefined;
        let end: H | undefined;
        if (from !== undefined) {
          if (from.value === value) {
            next = from.step;
            end = from.end;
          } else {
            next = from.steps?.get(value);
            if (next === undefined) end = from.ends?.get(value);
          }
        }
        if (next !== undefined) {
          at = next;
          handle = next.handle;
        } else if (end !== undefined) {
          at = NOTHING_FOLLOWS;
          handle = end;
        } else if (value !== undefined && value !== '') return undefined;
      }
    } catch {
      return undefined;
    }
    return handle;
  }

  keep(entries: readonly Entry[], handle: H): void {
    let at: Step<H> = this;
    for (const [i, [label, value]] of entries.entries()) {
      const from = at.before(label);
      const next = from.value === value ? from.step : from.steps?.get(value);
      if (next !== undefined) at = next;
      else if (i < entries.length - 1) at = from.extend(value);
      else {
        from.endAt(value, handle);
        return;
      }
    }
    at.handle = handle;
  }

  /** Where the values of a label follow. */
  private before(label: string): Step<H> {
    this.label ??= label;
    if (this.label === label) return this;
    this.others ??= new Map();
    let from = this.others.get(label);
    if (from === undefined) {
      from = new Step<H>();
      this.others.set(label, from);
    }
    return from;
  }

  /** Whether this is the value that was seen first, or the first that is seen. */
  private isFirst(value: SeriesLabelValue): boolean {
    if (this.step === undefined && this.end === undefined) this.value = value;
    return this.value === value;
  }

  private endAt(value: SeriesLabelValue, handle: H): void {
    if (this.isFirst(value)) this.end = handle;
    else {
      this.ends ??= new Map();
      this.ends.set(value, handle);
    }
  }

  private extend(value: SeriesLabelValue): Step<H> {
    const step = new Step<H>();
    if (this.isFirst(value)) {
      step.handle = this.end;
      this.end = undefined;
      this.step = step;
    } else {
      step.handle = this.ends?.get(value);
      this.ends?.delete(value);
      this.steps ??= new Map();
      this.steps.set(value, step);
    }
    return step;
  }
}

const NOTHING_FOLLOWS = new Step<never>();
