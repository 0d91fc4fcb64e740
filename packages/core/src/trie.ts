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
  /** The steps behind its values. */
  private steps: Map<SeriesLabelValue, Step<H>> | undefined = undefined;
  /** What belongs to values behind which nothing was seen to follow, as in most sets of labels: no step is made for them. */
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
        const next = from?.steps?.get(value);
        if (next !== undefined) {
          at = next;
          handle = next.handle;
          continue;
        }
        const end = from?.ends?.get(value);
        if (end !== undefined) {
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
      const next = from.steps?.get(value);
      if (next !== undefined) at = next;
      else if (i < entries.length - 1) at = from.extend(value);
      else {
        from.ends ??= new Map();
        from.ends.set(value, handle);
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

  private extend(value: SeriesLabelValue): Step<H> {
    const step = new Step<H>();
    step.handle = this.ends?.get(value);
    this.ends?.delete(value);
    this.steps ??= new Map();
    this.steps.set(value, step);
    return step;
  }
}

const NOTHING_FOLLOWS = new Step<never>();
