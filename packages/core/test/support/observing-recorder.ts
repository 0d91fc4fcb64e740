import type { Key, Meta, ObservedKind } from '../../src/index.ts';
import { seriesName, TestRecorder } from './recorder.ts';

/** A recorder that reads observed values when a test looks. */
export class ObservingRecorder extends TestRecorder {
  readonly observers = new Set<{
    kind: ObservedKind;
    key: Key;
    meta: Meta;
    read: () => number | undefined;
  }>();

  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    const observer = { kind, key, meta, read };
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** What the callbacks give now, in the order in which the recorder was told of them. */
  look(): [series: string, value: number | undefined][] {
    return [...this.observers].map(({ kind, key, read }) => [`${kind} ${seriesName(key)}`, read()]);
  }
}
