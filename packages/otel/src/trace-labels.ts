import { type Attributes, type Context, propagation, type Span, trace } from '@opentelemetry/api';
import { labelNameProblem, type OptionCheck } from '@ostinato/core';

/** Which labels of metrics with `contextLabels` come from traces; of the names that a metric lists, those listed here. */
export interface TraceLabels {
  /** Attributes of the active span; with `outerSpans()`, else of the spans around it, the innermost first. */
  readonly spanAttributes?: readonly string[];
  /**
   * Entries of the baggage, where no span says otherwise. They come with requests, from whoever sends these: list only
   * what you trust.
   */
  readonly baggage?: readonly string[];
}

/** `option` is where they were given; undefined: as the argument. Throws `OSTINATO_INVALID_OPTION`. */
export function readTraceLabels(check: OptionCheck, option: string | undefined, given: unknown): TraceLabels {
  const names = ['spanAttributes', 'baggage'] as const;
  const labels = check.object<TraceLabels>(given, names, option);
  for (const name of names) {
    const list: unknown = labels[name];
    if (list === undefined) continue;
    const where = option === undefined ? name : `${option}.${name}`;
    if (!Array.isArray(list)) throw check.refused(where, 'an array of label names', list);
    for (const label of list) {
      const problem = labelNameProblem(label);
      if (problem !== undefined) throw check.error(`${where}: ${problem}`);
    }
  }
  return labels;
}

/** What finds the value of a label, or undefined where no label comes from traces. */
export function labelFinder({
  spanAttributes = [],
  baggage = [],
}: TraceLabels): ((name: string) => unknown) | undefined {
  if (spanAttributes.length + baggage.length === 0) return undefined;
  const ofSpans = new Set(spanAttributes);
  const ofBaggage = new Set(baggage);
  return (name) => {
    const value = ofSpans.has(name) ? attributeOf(trace.getActiveSpan(), name) : undefined;
    if (value !== undefined || !ofBaggage.has(name)) return value;
    return propagation.getActiveBaggage()?.getEntry(name)?.value;
  };
}

/** By span: the one around it. The API has no way to ask. */
const outer = new WeakMap<object, Span>();

/** Of the innermost span that has it. The SDK's spans show their attributes; those that are not recorded have none. */
function attributeOf(active: Span | undefined, name: string): unknown {
  for (let span = active; span !== undefined; span = outer.get(span)) {
    const value = (span as { readonly attributes?: Attributes }).attributes?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A span processor, of any version of the tracing SDK. */
export interface OuterSpans {
  onStart(span: object, parentContext: Context): void;
  onEnd(): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * A span processor that remembers which span is around which, so that labels are found in outer spans too:
 * `new NodeTracerProvider({ spanProcessors: [outerSpans(), …] })`.
 */
export function outerSpans(): OuterSpans {
  return {
    onStart(span, parentContext) {
      const parent = trace.getSpan(parentContext);
      if (parent !== undefined) outer.set(span, parent);
    },
    onEnd() {},
    async forceFlush() {},
    async shutdown() {},
  };
}
