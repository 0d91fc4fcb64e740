import { counter, type Installation, setGlobalRecorder } from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();

describe.each([
  ['that permits the fast way', true],
  ['that has sinks only', false],
])('a counter of a recorder %s', (_, fast) => {
  let recorder: TestRecorder;
  let installation: Installation;
  beforeEach(() => {
    recorder = new TestRecorder({ fast });
    installation = setGlobalRecorder(recorder);
  });
  afterEach(() => installation.uninstall());

  it('adds one, or what it is given', () => {
    const orders = counter('orders');
    orders.increment();
    orders.increment(2.5);
    orders.increment(0);
    orders.increment(undefined);
    expect(recorder.value('orders')).toBe(4.5);
    expect(recorder.refusals).toEqual([]);
  });

  it('is the same one for the same labels in the same order, and the same series in any order', () => {
    expect(counter('orders', { type: 'retail' })).toBe(counter('orders', { type: 'retail' }));
    counter('orders', { a: 1, b: true }).increment();
    counter('orders', { b: true, a: 1 }).increment();
    expect(recorder.value('orders{a=1,b=true}')).toBe(2);
  });

  it.each([
    [Number.NaN, 'not_a_number'],
    ['5', 'not_a_number'],
    [null, 'not_a_number'],
    [5n, 'not_a_number'],
    [[7], 'not_a_number'],
    [new Date(0), 'not_a_number'],
    [Number.POSITIVE_INFINITY, 'not_finite'],
    [Number.NEGATIVE_INFINITY, 'not_finite'],
    [-1, 'negative'],
    [-Number.MIN_VALUE, 'negative'],
  ])('refuses and counts %p: %s', (by, reason) => {
    const orders = counter('orders');
    orders.increment();
    orders.increment(by as number);
    orders.absolute(by as number);
    expect(recorder.value('orders')).toBe(1);
    expect(recorder.refusals).toEqual([`counter ${reason}`, `counter ${reason}`]);
  });

  it('hands a total to the sink', () => {
    counter('sent').absolute(10);
    counter('sent').absolute(7);
    expect(recorder.value('sent')).toBe(10);
    expect(recorder.sunk).toBe(2);
  });
});

it('is warned of once per reason and metric, in words that show the value', () => {
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  const broken = counter('broken');
  for (let i = 0; i < 3; i++) broken.increment('12' as unknown as number);
  broken.increment(-3);
  expect(warnings).toEqual([
    {
      code: 'OSTINATO_NOT_A_NUMBER',
      text: "counter 'broken': increment('12') was refused: it is not a number.",
    },
    { code: 'OSTINATO_NEGATIVE', text: "counter 'broken': increment(-3) was refused: it is negative." },
  ]);
  expect(recorder.refusals).toHaveLength(4);
  installation.uninstall();
});

it('says nothing of refusals while there is no recorder', () => {
  counter('quiet').increment(Number.NaN);
  counter('bad name').increment();
  expect(warnings).toEqual([]);
});
