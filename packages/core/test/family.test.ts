import {
  defineCounter,
  defineGauge,
  defineHistogram,
  type Installation,
  scope,
  setGlobalRecorder,
} from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();
let recorder: TestRecorder;
let installation: Installation;
beforeEach(() => {
  recorder = new TestRecorder();
  installation = setGlobalRecorder(recorder);
});
afterEach(() => installation.uninstall());

const requests = defineCounter('requests', { unit: '{request}', labels: ['method', 'route', 'status'] });

it('both forms give one handle, in whatever order names are written', () => {
  const handle = requests.labels('GET', '/order', 200);
  expect(requests.with({ method: 'GET', route: '/order', status: 200 })).toBe(handle);
  expect(requests.with({ status: 200, route: '/order', method: 'GET' })).toBe(handle);
  handle.increment();
  expect(recorder.value('requests{method=GET,route=/order,status=200}')).toBe(1);
  expect(recorder.bound[0]?.meta).toEqual({ unit: '{request}' });
});

it('tells values of different types and places apart', () => {
  const handles = [
    requests.labels('a', 'b', 1),
    requests.labels('b', 'a', 1),
    requests.labels('a', 'b', '1'),
    requests.labels('a', 'b', true),
    requests.labels('a', 'b', undefined),
    requests.labels(undefined, 'a', 'b'),
  ];
  expect(new Set(handles).size).toBe(handles.length);
});

it('undefined and the empty string mean that a label is absent', () => {
  requests.labels('GET', undefined, '').increment();
  requests.with({ method: 'GET', route: '', status: undefined }).increment();
  expect(recorder.value('requests{method=GET}')).toBe(2);
});

it('reads the declared labels only, and one that is missing is absent', () => {
  requests.with({ method: 'PUT', host: 'h' } as never).increment();
  expect(recorder.value('requests{method=PUT}')).toBe(1);
});

it('works with one label and with many', () => {
  const one = defineGauge('one', { labels: ['a'] });
  one.labels('x').set(1);
  expect(one.with({ a: 'x' })).toBe(one.labels('x'));
  const many = defineCounter('many', { labels: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] });
  many.labels(1, 2, 3, 4, 5, 6, 7, 8).increment();
  expect(recorder.value('one{a=x}')).toBe(1);
  expect(recorder.value('many{a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8}')).toBe(1);
});

it.each<[string, () => { increment(): void }]>([
  ['too few values', () => requests.labels(...(['GET'] as unknown as [string, string, string]))],
  ['too many values', () => requests.labels(...(['GET', '/', 1, 2] as unknown as [string, string, string]))],
  ['a null', () => requests.labels('GET', null as never, 1)],
  ['NaN', () => requests.labels('GET', '/', Number.NaN)],
  ['an object', () => requests.with({ method: {} as never, route: '/', status: 1 })],
  ['no labels', () => requests.with(undefined as never)],
  ['a string for labels', () => requests.with('GET' as never)],
  [
    'a getter that throws',
    () =>
      requests.with({
        get method(): string {
          throw new Error();
        },
        route: '/',
        status: 1,
      }),
  ],
])('%s: a handle that refuses, counted, with one warning', (_, get) => {
  requests.labels('GET', '/', 1);
  requests.labels('GET', undefined, undefined);
  get().increment();
  get().increment();
  expect(recorder.refusals).toEqual(['counter invalid_label', 'counter invalid_label']);
  expect(recorder.bound).toEqual([]);
});

it('warns once per metric of bad labels', () => {
  const family = defineCounter('warned', { labels: ['method'] });
  for (let i = 0; i < 3; i++) family.labels(null as never).increment();
  expect(warnings).toEqual([
    {
      code: 'OSTINATO_INVALID_LABEL',
      text:
        "'warned': label 'method': a value must be a string, a finite number, a boolean or undefined; it was null. " +
        'Nothing is recorded for these labels.',
    },
  ]);
});

it('defining it again with the same labels gives the same family; with others, one that works', () => {
  const again = defineCounter('requests', { unit: '{request}', labels: ['method', 'route', 'status'] });
  expect(again).toBe(requests);
  defineCounter('requests', { labels: ['host'] })
    .labels('h')
    .increment();
  expect(recorder.value('requests{host=h}')).toBe(1);
  expect(warnings).toEqual([]);
});

it('tells the first value of a label from all that come after it, absent ones too', () => {
  const values = ['a', undefined, 0, 'b', '', '0', true, 'true', 1];
  const known = new Map<string, unknown>();
  for (let round = 0; round < 2; round++) {
    for (const method of values) {
      for (const route of values) {
        for (const status of values) {
          const id = [method, route, status].map((value) => `${typeof value} ${value}`).join();
          const handle = requests.labels(method, route, status);
          expect(handle).toBe(known.get(id) ?? handle);
          expect(requests.with({ method, route, status })).toBe(handle);
          known.set(id, handle);
        }
      }
    }
  }
  expect(new Set(known.values()).size).toBe(values.length ** 3);
});

it("has the scope's labels too, its own winning", () => {
  const { defineCounter } = scope({ name: 'db', labels: { driver: 'pg', route: 'none' } });
  defineCounter('queries', { labels: ['route'] })
    .labels('/a')
    .increment();
  expect(recorder.value('db/queries{driver=pg,route=/a}')).toBe(1);
});

it('a histogram family measures what gets its labels at the end', () => {
  let clock = 1_000;
  recorder.now = () => clock;
  const latency = defineHistogram('latency', { unit: 'ms', labels: ['method', 'status'] });
  const timer = latency.startTimer();
  clock += 250;
  expect(timer.stop('GET', 200)).toBe(250);
  clock += 250;
  expect(timer.stop('GET', 500)).toBe(250);
  expect(recorder.samples('latency{method=GET,status=200}')).toEqual([250]);
  expect(recorder.series()).toEqual(['latency{method=GET,status=200}']);
});
