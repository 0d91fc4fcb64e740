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
  /** The label that was seen first to follow here, and the steps behind its values. */
  private label: string | undefined = undefined;
  private values: Map<SeriesLabelValue, Step<H>> | undefined = undefined;
  /** The other labels that follow here. */
  private others: Map<string, Map<SeriesLabelValue, Step<H>>> | undefined = undefined;

  /** What was kept for these labels. Makes nothing: no string, no array. Whatever `labels` is, it does not throw. */
  find(labels: object): H | undefined {
    let at: Step<H> = this;
    try {
      for (const label in labels) {
        if (!hasOwn.call(labels, label)) continue;
        const value = (labels as { readonly [label: string]: unknown })[label];
        const next = at.next(label, value);
        if (next !== undefined) at = next;
        else if (value !== undefined && value !== '') return undefined;
      }
    } catch {
      return undefined;
    }
    return at.handle;
  }

  keep(entries: readonly Entry[], handle: H): void {
    let at: Step<H> = this;
    for (const [label, value] of entries) at = at.next(label, value) ?? at.extend(label, value);
    at.handle = handle;
  }

  private next(label: string, value: unknown): Step<H> | undefined {
    const values = this.label === label ? this.values : this.others?.get(label);
    return values?.get(value as SeriesLabelValue);
  }

  private extend(label: string, value: SeriesLabelValue): Step<H> {
    const step = new Step<H>();
    this.valuesOf(label).set(value, step);
    return step;
  }

  private valuesOf(label: string): Map<SeriesLabelValue, Step<H>> {
    this.label ??= label;
    if (this.label === label) {
      this.values ??= new Map();
      return this.values;
    }
    this.others ??= new Map();
    let values = this.others.get(label);
    if (values === undefined) {
      values = new Map();
      this.others.set(label, values);
    }
    return values;
  }
}
