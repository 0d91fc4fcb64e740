import { reserve } from './budget.ts';
import { definitionOf } from './describe.ts';
import {
  characters,
  type Entry,
  type Fault,
  isMetricName,
  labelFault,
  makeKey,
  nameFault,
  readLabels,
} from './key.ts';
import type { Key, Kind, Scope } from './recorder.ts';
import type { Definition } from './state.ts';
import { Step } from './trie.ts';

/** Names longer than this share the place of a shorter one. */
const LENGTHS = 32;

/** What makes the handles of one kind. */
export interface HandleType<H> {
  readonly kind: Kind;
  create(definition: Definition, target: Key | Fault): H;
}

interface Metric<H> {
  readonly name: string;
  readonly definition: Definition;
  readonly root: Step<H>;
}

/** The handles of one kind in one scope, found by name and labels. */
export class Handles<H> {
  readonly kind: Kind;
  private readonly type: HandleType<H>;
  private readonly scope: Scope;
  private readonly inherited: readonly Entry[];
  private readonly cached: boolean;
  private readonly metrics = new Map<string, Metric<H>>();
  /** By the length of its name, the metric that came first: comparing costs less than a Map. */
  private readonly byLength: (Metric<H> | undefined)[] = new Array(LENGTHS).fill(undefined);

  /**
   * @param inherited labels of the scope, which all its series have
   * @param cached whether handles are kept to be found again
   */
  constructor(type: HandleType<H>, scope: Scope, inherited: readonly Entry[], cached: boolean) {
    this.kind = type.kind;
    this.type = type;
    this.scope = scope;
    this.inherited = inherited;
    this.cached = cached;
  }

  /** Allocates nothing for labels that were seen before. Never throws: what is wrong gives an inert handle. */
  find(name: string, labels: object | undefined): H {
    const metric = this.metric(name);
    if (metric !== undefined) {
      let handle: H | undefined;
      if (labels === undefined) handle = metric.root.handle;
      else if (typeof labels === 'object' && labels !== null) handle = metric.root.find(labels);
      if (handle !== undefined) return handle;
    }
    return this.make(name, labels);
  }

  /** The metric of this name, whatever that is, if one is kept. */
  private metric(name: string): Metric<H> | undefined {
    if (typeof name === 'string') {
      const metric = this.byLength[name.length & (LENGTHS - 1)];
      if (metric !== undefined && metric.name === name) return metric;
    }
    return this.metrics.get(name);
  }

  private make(name: unknown, labels: unknown): H {
    if (!isMetricName(name)) return this.inert(String(this.kind), nameFault(name));
    const entries = readLabels(labels);
    if (typeof entries === 'string') return this.inert(name, labelFault(name, entries));
    return this.keep(this.definition(name), entries);
  }

  /** The handle without labels of a metric that was defined. */
  unlabelled(definition: Definition): H {
    return this.metrics.get(definition.name)?.root.handle ?? this.keep(definition, []);
  }

  private keep(definition: Definition, entries: readonly Entry[]): H {
    const { name } = definition;
    const handle = this.create(definition, entries);
    if (this.reserve(entries.length + 1, name.length + characters(entries))) {
      const metric = this.metrics.get(name) ?? { name, definition, root: new Step<H>() };
      metric.root.keep(entries, handle);
      this.byLength[name.length & (LENGTHS - 1)] ??= metric;
      this.metrics.set(name, metric);
    }
    return handle;
  }

  /** A handle that is not looked up and not kept. */
  create(definition: Definition, own: readonly Entry[]): H {
    return this.type.create(definition, makeKey(this.scope, definition.name, this.inherited, own));
  }

  /** A handle that refuses every operation. */
  inert(name: string, fault: Fault): H {
    return this.type.create({ kind: this.kind, scope: this.scope, name, meta: {} }, fault);
  }

  definition(name: string): Definition {
    return this.metrics.get(name)?.definition ?? definitionOf(this.kind, this.scope, name);
  }

  /** Whether the scope gives all its series this label. */
  hasLabel(name: string): boolean {
    return this.inherited.some(([label]) => label === name);
  }

  /** Room in the caches for one more label set of this scope. */
  reserve(steps: number, size: number): boolean {
    return this.cached && reserve(steps, size);
  }
}
