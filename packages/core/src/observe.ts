/// <reference lib="esnext.disposable" preserve="true" />
import { definitionOf, tellDescriptions } from './describe.ts';
import { warnOfReservedLabels } from './handle.ts';
import { type Entry, makeKey, readLabels } from './key.ts';
import type { Observe } from './metrics.ts';
import { Observer } from './observer.ts';
import { OptionCheck } from './option-check.ts';
import { readName } from './options.ts';
import type { ObservedKind, Recorder, Scope } from './recorder.ts';
import { report } from './report.ts';
import { type Observed, sharedState } from './state.ts';
import { quote } from './text.ts';

/** A value that a callback gives, for as long as this is not stopped; `using` stops it at the end of the block. */
export interface Observation extends Disposable {
  /** The callback is not called again; its series stays as it was read last. Further calls do nothing. */
  stop(): void;
}

const LIMIT = 10_000;
const state = sharedState();

/**
 * Makes `observeCounter` or `observeGauge` of one scope.
 *
 * What is observed inside of `withLocalRecorder` belongs to that recorder alone, and goes with it. All else is kept in
 * the isolate's state, for the recorder that is installed and those that will be.
 */
export function observing(
  call: string,
  kind: ObservedKind,
  scope: Scope,
  inherited: readonly Entry[],
): Observe {
  return (name: unknown, second: unknown, third?: unknown) => {
    const metric = readName(call, name);
    const check = new OptionCheck(`${call}('${metric}')`);
    const short = typeof second === 'function' && third === undefined;
    const entries = readLabels(short ? undefined : second);
    if (typeof entries === 'string') throw check.error(`labels: ${entries}`);
    const read = short ? second : third;
    if (typeof read !== 'function') {
      throw check.error(`the callback must be a function that returns a number, got ${quote(read)}`);
    }
    const key = makeKey(scope, metric, inherited, entries);
    const observed: Observed = {
      definition: definitionOf(kind, scope, metric),
      key,
      read: read as () => unknown,
      stop: undefined,
    };
    const local = state.locals?.getStore();
    if (local === undefined) keep(kind, observed);
    else begin(local, kind, observed);
    return {
      stop: () => end(observed),
      [Symbol.dispose]: () => end(observed),
    };
  };
}

function keep(kind: ObservedKind, observed: Observed): void {
  const { key } = observed;
  const { recorder } = state;
  if (state.observedCount >= LIMIT) {
    recorder?.refused(kind, 'limit');
    report('OSTINATO_LIMIT', 'observers', () => {
      return `${LIMIT} values are observed already; ${kind} ${quote(key.name)} and those after it are not. Stop those that are not needed.`;
    });
    return;
  }
  const series = idOf(kind, key);
  const namesakes = state.observed.get(series) ?? [];
  if (namesakes.length > 0) {
    report('OSTINATO_OBSERVED_TWICE', `${kind} ${quote(key.name)}`, () => {
      return `${kind} ${quote(key.name)}: several callbacks give the value of one series: ${WHICH_STAYS[kind]}. Stop the older one, or add a label that tells them apart.`;
    });
  }
  namesakes.push(observed);
  state.observed.set(series, namesakes);
  state.observedCount += 1;
  if (recorder !== undefined) begin(recorder, kind, observed);
}

const WHICH_STAYS: { readonly [K in ObservedKind]: string } = {
  counter: 'the highest of their values stays',
  gauge: 'the value of the newest stays',
};

function begin(recorder: Recorder, kind: ObservedKind, observed: Observed): void {
  const { definition, key } = observed;
  tellDescriptions(recorder);
  warnOfReservedLabels(key);
  if (recorder.observe === undefined) {
    const metric = `${kind} ${quote(key.name)}`;
    report('OSTINATO_OBSERVE_UNSUPPORTED', metric, () => {
      return `${metric} is observed by a callback, which this recorder cannot do (it has no observe()): nothing is recorded.`;
    });
    return;
  }
  const observer = new Observer(recorder, kind, definition, observed.read);
  observed.stop = recorder.observe(kind, key, definition.meta, () => observer.read());
}

function end(observed: Observed): void {
  const series = idOf(observed.definition.kind, observed.key);
  const namesakes = state.observed.get(series);
  const at = namesakes?.indexOf(observed) ?? -1;
  if (namesakes !== undefined && at >= 0) {
    namesakes.splice(at, 1);
    if (namesakes.length === 0) state.observed.delete(series);
    state.observedCount -= 1;
  }
  pause(observed);
}

function pause(observed: Observed): void {
  const { stop } = observed;
  observed.stop = undefined;
  stop?.();
}

/** Hands all that is observed to a recorder that was installed. */
export function beginObserving(recorder: Recorder): void {
  for (const namesakes of state.observed.values()) {
    for (const observed of namesakes) {
      if (observed.stop === undefined) begin(recorder, observed.definition.kind as ObservedKind, observed);
    }
  }
}

/** Takes it back from the one that was uninstalled. */
export function endObserving(): void {
  for (const namesakes of state.observed.values()) namesakes.forEach(pause);
}

/** One for equal series: values compare as text, and no two lists of parts give the same one. */
function idOf(kind: string, { scope, name, labels }: Observed['key']): string {
  const parts = labels.flatMap(([label, value]) => [label, String(value)]);
  return JSON.stringify([kind, scope.name, scope.version, name, ...parts]);
}
