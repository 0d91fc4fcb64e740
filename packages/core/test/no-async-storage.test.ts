import { counter, setGlobalRecorder, withLocalRecorder } from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';

// As in a browser: nothing asks for AsyncLocalStorage before the first local scope.
const { process: realProcess } = globalThis;
beforeAll(() =>
  Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true, writable: true }),
);
afterAll(() =>
  Object.defineProperty(globalThis, 'process', { value: realProcess, configurable: true, writable: true }),
);

it('without AsyncLocalStorage a local scope holds while its function runs, nested and throwing too', () => {
  const [global, local, inner] = [new TestRecorder(), new TestRecorder(), new TestRecorder()];
  const orders = counter('orders');
  const installation = setGlobalRecorder(global);
  withLocalRecorder(local, () => {
    orders.increment();
    const failing = () =>
      withLocalRecorder(inner, () => {
        orders.increment(10);
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    orders.increment();
  });
  orders.increment(5);
  installation.uninstall();
  expect([global, local, inner].map((recorder) => recorder.value('orders'))).toEqual([5, 2, 10]);
});

it('a warning without a process goes nowhere and does not throw', () => {
  const installation = setGlobalRecorder(new TestRecorder());
  expect(() => counter('orders').increment(Number.NaN)).not.toThrow();
  installation.uninstall();
});
