import { areEqual, LabelIndex, type Labels } from '../registry/label-index.ts';
import type { CollectedSeries } from './collected.ts';

/** The series of a metric in order of arrival, to be found by their labels until they are gone. */
export class SeriesList extends LabelIndex {
  private readonly series: CollectedSeries[] = [];

  get all(): readonly CollectedSeries[] {
    return this.series;
  }

  protected has(entry: number, labels: Labels): boolean {
    const { key, state } = this.series[entry] as CollectedSeries;
    return state !== 'gone' && areEqual(key.labels, labels);
  }

  get(labels: Labels): CollectedSeries | undefined {
    const entry = this.find(labels, this.hashOf(labels));
    return entry < 0 ? undefined : this.series[entry];
  }

  /** There is none of its labels, but for some that are gone. */
  push(series: CollectedSeries): void {
    this.add(this.hashOf(series.key.labels));
    this.series.push(series);
  }
}
