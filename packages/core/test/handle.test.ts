import {
  counter,
  gauge,
  histogram,
  type Installation,
  REVOKED,
  setGlobalRecorder,
  UNOPENED,
} from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();
const orders = counter('orders');
const depth = gauge('depth');
const latency = histogram('latency');
let installation: Installation | undefined;

function install(recorder: TestRecorder): TestRecorder {
  installation?.uninstall();
  installation = setGlobalRecorder(recorder);
  return recorder;
}

afterEach(() => {
  installation?.uninstall();
  installation = undefined;
});

it('a handle made before a recorder is installed records to it, used before or not', () => {
  const unused = counter('unused');
  orders.increment(100);
  depth.set(100);
  latency.record(100);
  const recorder = install(new TestRecorder());
  expect(recorder.bound).toEqual([]);
  orders.increment();
  unused.increment();
  depth.set(2);
  latency.record(3);
  expect(recorder.value('orders')).toBe(1);
  expect(recorder.value('unused')).toBe(1);
  expect(recorder.value('depth')).toBe(2);
  expect(recorder.samples('latency')).toEqual([3]);
});

it('a handle follows when the recorder is replaced, and rests while there is none', () => {
  const first = install(new TestRecorder());
  orders.increment();
  const second = install(new TestRecorder({ fast: false }));
  orders.increment();
  installation?.uninstall();
  orders.increment();
  const third = install(new TestRecorder());
  orders.increment(5);
  expect([first, second, third].map((recorder) => recorder.value('orders'))).toEqual([1, 1, 5]);
});

it('a recorder that is installed again gets what is recorded then', () => {
  const first = install(new TestRecorder());
  orders.increment();
  const second = install(new TestRecorder());
  orders.increment();
  install(first);
  orders.increment();
  expect(first.value('orders')).toBe(2);
  expect(second.value('orders')).toBe(1);
});

it('asks the recorder once, and then writes without it', () => {
  const recorder = install(new TestRecorder());
  for (let i = 0; i < 100; i++) {
    orders.increment();
    depth.set(i);
  }
  expect(recorder.bound).toHaveLength(2);
  expect(recorder.sunk).toBe(0);
  expect(recorder.counterCell('orders')?.gate).toBe(sharedState().gate);
});

it('takes the fast way only once the cell has slots', () => {
  const recorder = install(new TestRecorder({ fast: false }));
  orders.increment();
  orders.increment();
  expect(recorder.sunk).toBe(2);
  const cell = recorder.counterCell('orders')!;
  expect(cell.gate).not.toBe(sharedState().gate);
  cell.slots = new Float64Array([10]);
  orders.increment();
  orders.increment();
  expect(recorder.sunk).toBe(2);
  expect(cell.slots[0]).toBe(12);
  expect(cell.gate).toBe(sharedState().gate);
});

it('looks for slots after each operation: an increment may publish them', () => {
  const recorder = install(new TestRecorder({ fast: false }));
  const slots = new Float64Array(1);
  orders.increment();
  const cell = recorder.counterCell('orders')!;
  const { increment } = cell.sink;
  cell.sink.increment = (by) => {
    increment(by);
    cell.slots = slots;
  };
  orders.increment();
  expect(recorder.sunk).toBe(2);
  expect(cell.gate).toBe(sharedState().gate);
  orders.increment(3);
  expect(slots[0]).toBe(3);
});

it('a counter whose store counts down calls it for the increment that it wants, and takes the fast way until then', () => {
  const recorder = install(new TestRecorder());
  orders.increment(0);
  const cell = recorder.counterCell('orders')!;
  const { sink, slots } = cell;
  expect(recorder.sunk).toBe(0);
  const wanted: number[] = [];
  const { increment } = sink;
  cell.store = { left: 3 };
  sink.increment = (by) => {
    increment(by);
    wanted.push(by);
    cell.store = { left: 3 };
  };
  recorder.counterCell('orders')!.gate = UNOPENED;
  for (let by = 1; by <= 10; by++) {
    orders.increment(by);
    orders.increment(Number.NaN);
  }
  expect(wanted).toEqual([1, 4, 7, 10]);
  expect(slots![0]).toBe(55);
  cell.store = {};
  recorder.counterCell('orders')!.gate = UNOPENED;
  orders.increment(1);
  expect(recorder.counterCell('orders')!.gate).toBe(sharedState().gate);
  expect([slots![0], recorder.sunk]).toEqual([56, 4]);
});

it('a counter whose store counts down follows when the recorder is replaced', () => {
  const first = install(new TestRecorder());
  orders.increment(1);
  first.counterCell('orders')!.store = { left: 1_000 };
  first.counterCell('orders')!.gate = UNOPENED;
  orders.increment(1);
  orders.increment(1);
  const second = install(new TestRecorder());
  orders.increment(1);
  install(first);
  orders.increment(1);
  expect([first, second].map((recorder) => recorder.value('orders'))).toEqual([4, 1]);
});

it('asks again when its cell is revoked, and other handles do not', () => {
  const recorder = install(new TestRecorder());
  const kept = counter('kept');
  orders.increment(3);
  kept.increment(3);
  recorder.revokeCounter('orders', REVOKED);
  orders.increment();
  kept.increment();
  expect(recorder.value('orders')).toBe(1);
  expect(recorder.value('kept')).toBe(4);
  expect(recorder.bound.map(({ key }) => key.name)).toEqual(['orders', 'kept', 'orders']);
});

it('never opens a revoked cell again', () => {
  const recorder = install(new TestRecorder());
  const revoked = {
    gate: REVOKED,
    slots: new Float64Array(1),
    index: 0,
    sink: { increment: jest.fn(), absolute() {} },
  };
  recorder.counter = () => revoked;
  for (let i = 0; i < 3; i++) orders.increment();
  expect(revoked.sink.increment).toHaveBeenCalledTimes(3);
  expect(revoked.slots[0]).toBe(0);
  expect(revoked.gate).toBe(REVOKED);
});

it('does not open a cell whose recorder was replaced while it was written to', () => {
  const first = install(new TestRecorder({ fast: false }));
  orders.increment();
  const cell = first.counterCell('orders')!;
  let second: TestRecorder | undefined;
  cell.sink.increment = () => {
    second = install(new TestRecorder());
    cell.slots = new Float64Array(1);
  };
  orders.increment();
  orders.increment(7);
  expect(cell.slots?.[0]).toBe(0);
  expect(second?.value('orders')).toBe(7);
});

it('a new epoch makes every handle ask again, with the same recorder too', () => {
  const recorder = install(new TestRecorder());
  orders.increment();
  install(recorder);
  orders.increment();
  expect(recorder.bound).toHaveLength(2);
  expect(recorder.value('orders')).toBe(2);
});

it('a handle with a bad name or bad labels is inert: each operation is refused and counted, one warning is given', () => {
  const badName = counter('no spaces');
  const badLabel = gauge('depth', { queue: Number.NaN });
  const recorder = install(new TestRecorder());
  badName.increment();
  badName.increment();
  badName.absolute(1);
  badLabel.set(1);
  badLabel.increment();
  histogram('9lives').record(1);
  histogram('9lives').recordMany(1, -1);
  histogram('9lives').startTimer().stop();
  expect(recorder.bound).toEqual([]);
  expect(recorder.refusals).toEqual([
    ...Array(3).fill('counter invalid_name'),
    ...Array(2).fill('gauge invalid_label'),
    ...Array(3).fill('histogram invalid_name'),
  ]);
  expect(warnings.map(({ code }) => code)).toEqual([
    'OSTINATO_INVALID_NAME',
    'OSTINATO_INVALID_LABEL',
    'OSTINATO_INVALID_NAME',
  ]);
  expect(warnings[0]?.text).toContain("it was 'no spaces'");
  expect(warnings[1]?.text).toContain("'depth': label 'queue'");
});

it.each(['le', 'quantile', 'job', 'instance'])(
  "warns once of what Prometheus does with label '%s'",
  (label) => {
    install(new TestRecorder());
    for (let i = 0; i < 3; i++) counter('reserved', { [label]: i }).increment();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.code).toBe('OSTINATO_RESERVED_LABEL');
    expect(warnings[0]?.text).toMatch(new RegExp(`label '${label}'.*Prometheus`));
  },
);
