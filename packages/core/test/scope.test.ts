import { counter, type Installation, scope, setGlobalRecorder } from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

collectWarnings();
let recorder: TestRecorder;
let installation: Installation;
beforeEach(() => {
  recorder = new TestRecorder();
  installation = setGlobalRecorder(recorder);
});
afterEach(() => installation.uninstall());

it('puts its name, version and level on all of its series', () => {
  const db = scope({ name: 'acme-db', version: '2.1.0', level: 'debug' });
  db.counter('queries').increment();
  db.gauge('open').set(1);
  db.histogram('latency').record(1);
  const scopes = recorder.bound.map(({ key }) => key.scope);
  expect(scopes).toEqual(Array(3).fill({ name: 'acme-db', version: '2.1.0', level: 'debug' }));
  expect(new Set(scopes).size).toBe(1);
  expect(Object.isFrozen(scopes[0])).toBe(true);
});

it('without one, metrics are in scope ostinato', () => {
  counter('plain').increment();
  expect(recorder.bound[0]?.key.scope).toEqual({ name: 'ostinato' });
});

it('gives the same object for the same options, another one for others', () => {
  const same = () => scope({ name: 'a', labels: { x: 1, y: 2 } });
  expect(same()).toBe(same());
  expect(same()).toBe(scope({ labels: { y: 2, x: 1, z: undefined }, name: 'a' }));
  const all = [
    same(),
    scope({ name: 'a' }),
    scope({ name: 'a', version: '1' }),
    scope({ name: 'a', level: 'info' }),
    scope({ name: 'a', labels: { x: '1', y: 2 } }),
    scope({ name: 'b' }),
  ];
  expect(new Set(all).size).toBe(all.length);
});

it('its functions need no this', () => {
  const { counter, defineGauge } = scope({ name: 'loose' });
  counter('c').increment();
  defineGauge('g', { labels: ['x'] })
    .labels(1)
    .set(5);
  expect(recorder.value('loose/c')).toBe(1);
  expect(recorder.value('loose/g{x=1}')).toBe(5);
});

it("gives its labels to all series; a metric's own win", () => {
  const db = scope({ name: 'db', labels: { driver: 'pg', host: 'a' } });
  db.counter('queries').increment();
  db.counter('queries', { host: 'b', op: 'get' }).increment();
  expect(recorder.series()).toEqual(['db/queries{driver=pg,host=a}', 'db/queries{driver=pg,host=b,op=get}']);
});

it('keeps the same name in two scopes apart', () => {
  scope({ name: 'a' }).counter('c').increment();
  scope({ name: 'b' }).counter('c').increment(2);
  expect([recorder.value('a/c'), recorder.value('b/c')]).toEqual([1, 2]);
});
