// What must compile, seen as a user sees it: the built declarations, an older `lib`, no `skipLibCheck`.
import {
  type Counter,
  counter,
  defineCounter,
  defineGauge,
  defineHistogram,
  describeHistogram,
  type Family,
  type Gauge,
  gauge,
  type Histogram,
  type HistogramFamily,
  histogram,
  type Label,
  type LabelValue,
  type Observation,
  observeCounter,
  observeGauge,
  scope,
  withLabels,
} from '@ostinato/core';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

// A definition without labels is the handle itself, one with labels a family; no `as const`.
const plain = defineCounter('plain', { unit: '{order}', description: 'Orders.', level: 'debug' });
same<typeof plain, Counter>(true);

const bare = defineGauge('bare');
same<typeof bare, Gauge>(true);
const requests = defineCounter('requests', { labels: ['method', 'route'] });
same<typeof requests, Family<Counter, readonly ['method', 'route']>>(true);
const latency = defineHistogram('latency', { unit: 'ms', buckets: [1, 5], labels: ['status'] });
same<typeof latency, HistogramFamily<readonly ['status']>>(true);

// Editors show the label names: by name, and in the type of each position.
same<Parameters<typeof requests.with>[0], { readonly method: LabelValue; readonly route: LabelValue }>(true);
same<
  Parameters<typeof requests.labels>,
  readonly [LabelValue | Label<'method'>, LabelValue | Label<'route'>] extends infer V
    ? { -readonly [I in keyof V]: V[I] }
    : never
>(true);

// What frameworks hand over: string | undefined.
declare const request: { method: string | undefined; route?: { path: string } };
requests.with({ method: request.method, route: request.route?.path }).increment();
requests.labels(request.method, undefined).increment(2);
counter('orders', { type: 'retail', first: true, items: 3, route: request.route?.path }).increment();
type Tags = { region: string; zone?: string };
declare const tags: Tags;
gauge('depth', tags).set(3);
histogram('size', { ...tags, a: 1 }).recordMany(3, 4);

// Timers and timed calls.
latency.startTimer().stop(200);
const seconds: number = histogram('s').startTimer().stop();
const text: string = histogram('s').time(() => `${seconds}`);
const promise: Promise<string> = histogram('s').time(async () => text);
const lazy: Promise<number> = histogram('s').time(() => ({}) as PromiseLike<number>);
describeHistogram('theirs', { unit: 'By' });

// A scope has the same functions, and they need no `this`.
const { defineGauge: defineOpen } = scope({ name: 'db', version: '1', labels: { driver: 'pg' } });
defineOpen('open', { labels: ['pool'] })
  .with({ pool: 'a' })
  .increment();

// Observed values, with labels or without; ended by name or by `using`.
const depth: Observation = observeGauge('depth', () => 3);
const cpu: Disposable = observeCounter('cpu', { mode: 'user', core: undefined }, () => 1.5);
scope({ name: 'db' }).observeGauge('open', tags, () => 3);
depth.stop();

// Labels from the context: the handle and the family are what they are without.
const byTenant = defineCounter('by.tenant', { contextLabels: ['tenant'] });
same<typeof byTenant, Counter>(true);
const byRoute = defineHistogram('by.route', { labels: ['route'], contextLabels: Object.keys(tags) });
same<typeof byRoute, HistogramFamily<readonly ['route']>>(true);
const answer: Promise<string> = withLabels({ ...tags, first: true, none: undefined }, async () => text);

// Handles are interfaces: a test may hand over its own.
const own: Histogram = histogram('own');
export const exported: [Histogram, Promise<string>, Promise<number>, Disposable] = [own, promise, lazy, cpu];
export const answered: [Promise<string>] = [answer];
