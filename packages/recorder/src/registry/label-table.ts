import { areEqual, LabelIndex, type Labels } from './label-index.ts';

/** Finds what belongs to a list of labels. */
export class LabelTable<T> extends LabelIndex {
  private readonly labels: Labels[] = [];
  private readonly values: T[] = [];

  protected has(entry: number, labels: Labels): boolean {
    return areEqual(this.labels[entry] as Labels, labels);
  }

  get(labels: Labels): T | undefined {
    const entry = this.find(labels, this.hashOf(labels));
    return entry < 0 ? undefined : this.values[entry];
  }

  set(labels: Labels, value: T): void {
    const hash = this.hashOf(labels);
    const known = this.find(labels, hash);
    if (known >= 0) {
      this.values[known] = value;
      return;
    }
    this.add(hash);
    this.labels.push(labels);
    this.values.push(value);
  }

  delete(labels: Labels): void {
    const entry = this.remove(labels);
    if (entry < 0) return;
    const last = this.labels.pop() as Labels;
    const value = this.values.pop() as T;
    if (entry === this.labels.length) return;
    this.labels[entry] = last;
    this.values[entry] = value;
  }
}
