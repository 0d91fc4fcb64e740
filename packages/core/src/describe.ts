import type { Kind, Meta, Recorder, Scope } from './recorder.ts';
import { report } from './report.ts';
import { currentRecorder, type Definition, sharedState } from './state.ts';
import { quote, quoteAll } from './text.ts';

const LIMIT = 10_000;
const NOTHING: Meta = Object.freeze({});
const state = sharedState();

/** The isolate's one object for a metric. Past the bound, an object that only its caller knows. */
export function definitionOf(kind: Kind, scope: Scope, name: string): Definition {
  let inScope = state.definitions.get(scope);
  if (inScope === undefined) {
    inScope = new Map();
    state.definitions.set(scope, inScope);
  }
  const id = `${kind} ${name}`;
  let definition = inScope.get(id);
  if (definition === undefined) {
    definition = { kind, scope, name, meta: NOTHING };
    if (state.definitionCount < LIMIT) {
      state.definitionCount += 1;
      inScope.set(id, definition);
    }
  }
  return definition;
}

/**
 * Adds to what is known of a metric and tells the recorder in effect; others hear it when a handle binds to them.
 * What was said first stays: a later description may only add what was left open, the rest is reported once.
 */
export function describe(definition: Definition, meta: Meta): void {
  const known = definition.meta;
  const merged: Meta = Object.freeze({ ...meta, ...known });
  const differing = FIELDS.filter((field) => meta[field] !== undefined && !same(merged[field], meta[field]));
  if (differing.length > 0) {
    const metric = `${definition.kind} ${quote(definition.name)} of scope ${quote(definition.scope.name)}`;
    report('OSTINATO_DEFINITION_DIFFERS', metric, () => {
      const details = differing.map((f) => `${f} ${show(known[f])}, now ${show(meta[f])}`).join('; ');
      return `${metric} was defined before and differs: ${details}. The first definition stays.`;
    });
  }
  if (FIELDS.every((field) => same(merged[field], known[field]))) return;
  definition.meta = merged;
  const { kind, scope, name } = definition;
  const current = currentRecorder();
  if (state.described.length < LIMIT) {
    state.described.push(Object.freeze({ kind, scope, name, meta: merged }));
    if (current !== undefined) tellDescriptions(current);
  } else {
    current?.describe(kind, scope, name, merged);
  }
}

/** Tells a recorder the descriptions that it has not heard yet. */
export function tellDescriptions(recorder: Recorder): void {
  const { described, replayed } = state;
  let next = replayed.get(recorder) ?? 0;
  if (next === described.length) return;
  replayed.set(recorder, described.length);
  for (; next < described.length; next++) {
    const one = described[next];
    if (one !== undefined) recorder.describe(one.kind, one.scope, one.name, one.meta);
  }
}

const FIELDS = ['unit', 'description', 'level', 'buckets'] as const;

function same(a: Meta[(typeof FIELDS)[number]], b: Meta[(typeof FIELDS)[number]]): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function show(value: Meta[(typeof FIELDS)[number]]): string {
  return typeof value === 'object' ? quoteAll(value) : quote(value);
}
