import {
  type Cell,
  type CounterSink,
  type GaugeSink,
  type HistogramSink,
  isMetricName,
  type Key,
  type Kind,
  type Meta,
  NAME_RULE,
  type ObservedKind,
  type RefusalReason,
  report,
  type Scope,
} from '@ostinato/core';
import { DroppedCell } from '../cells/dropped.ts';
import { type AnyCell, heldBack } from './held-back.ts';
import { KeyMemo } from './key-memo.ts';
import type { LayeredRecorder, Mapping } from './layer.ts';

/** A value that a callback gives; `stop` is there while it is observed behind. */
interface Observed {
  readonly kind: ObservedKind;
  readonly key: Key;
  readonly meta: Meta;
  readonly read: () => number | undefined;
  stop: (() => void) | undefined;
}

/** Layers in front of a recorder that only say under which identity, and whether, something is recorded there. */
export class MappingRecorder implements LayeredRecorder {
  readonly #mappings: readonly Mapping[];
  readonly #next: LayeredRecorder;
  readonly #keys: KeyMemo | undefined;
  readonly #verdictChanged: () => void;
  readonly #observed = new Set<Observed>();
  #heldBack = heldBack();

  /** `verdictChanged` is called when a metric turns out to have a level that makes a filter decide otherwise. */
  constructor(mappings: readonly Mapping[], next: LayeredRecorder, verdictChanged: () => void) {
    this.#mappings = mappings;
    this.#next = next;
    const changesKeys = mappings.some(({ rename, relabel }) => rename !== undefined || relabel !== undefined);
    this.#keys = changesKeys ? new KeyMemo(mappings) : undefined;
    this.#verdictChanged = verdictChanged;
  }

  /** A filter has changed. Handles that have not asked again yet keep the old cell to themselves. */
  renew(): void {
    this.#heldBack = heldBack();
    for (const observed of this.#observed) this.#follow(observed);
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    const behind = this.#nameBehind(scope, name, meta);
    if (meta.level !== undefined && (behind === undefined) !== this.#isHeldBack(scope, name)) {
      this.#verdictChanged();
    }
    if (behind !== undefined && isMetricName(behind)) this.#next.describe(kind, scope, behind, meta);
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    const behind = this.#behind('counter', key, meta);
    return 'gate' in behind ? behind : this.#next.counter(behind, meta);
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    const behind = this.#behind('gauge', key, meta);
    return 'gate' in behind ? behind : this.#next.gauge(behind, meta);
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    const behind = this.#behind('histogram', key, meta);
    return 'gate' in behind ? behind : this.#next.histogram(behind, meta);
  }

  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    const observed: Observed = { kind, key, meta, read, stop: undefined };
    this.#observed.add(observed);
    this.#follow(observed);
    return () => {
      this.#observed.delete(observed);
      observed.stop?.();
    };
  }

  /** Begins or ends an observation, as the filters say. */
  #follow(observed: Observed): void {
    const { kind, key, meta, read, stop } = observed;
    const behind = this.#behind(kind, key, meta);
    if (!('gate' in behind)) {
      observed.stop ??= this.#next.observe(kind, behind, meta, read);
    } else if (stop !== undefined) {
      observed.stop = undefined;
      stop();
    }
  }

  refused(kind: Kind, reason: RefusalReason): void {
    this.#next.refused(kind, reason);
  }

  /** What to ask the next recorder for, or the cell that there is instead. */
  #behind(kind: Kind, key: Key, meta: Meta): Key | AnyCell {
    const name = this.#nameBehind(key.scope, key.name, meta);
    if (name === undefined) return this.#heldBack;
    if (this.#keys === undefined) return key;
    if (isMetricName(name)) return this.#keys.get(key);
    report('OSTINATO_INVALID_NAME', key.name, () => {
      return `metric '${key.name}' is not recorded: layers make '${name}' of its name, which must be ${NAME_RULE}.`;
    });
    return new DroppedCell(() => this.#next.refused(kind, 'invalid_name')).cell;
  }

  /** The metric's name behind these layers, or undefined if one of them holds it back. */
  #nameBehind(scope: Scope, name: string, meta: Meta): string | undefined {
    let behind = name;
    for (const mapping of this.#mappings) {
      if (mapping.admits?.(scope, behind, meta) === false) return undefined;
      if (mapping.rename !== undefined) behind = mapping.rename(behind);
    }
    return behind;
  }

  #isHeldBack(scope: Scope, name: string): boolean {
    return this.#nameBehind(scope, name, NO_META) === undefined;
  }
}

const NO_META: Meta = Object.freeze({});
