import { counter } from '../src/facade.ts';
import { setGlobalRecorder } from '../src/global.ts';
import { setReporter } from '../src/report.ts';
import { sharedState } from '../src/state.ts';
import { activeSpan, hasTraceContext, setTraceContext } from '../src/trace.ts';
import { TestRecorder } from './support/recorder.ts';

const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };

test('the active span is what the trace context says, for as long as that is set', () => {
  expect([hasTraceContext(), activeSpan()]).toEqual([false, undefined]);
  const set = setTraceContext({ activeSpan: () => span });
  expect([hasTraceContext(), activeSpan()]).toEqual([true, span]);
  set[Symbol.dispose]();
  expect([hasTraceContext(), activeSpan()]).toEqual([false, undefined]);
});

test('the last trace context stays, whatever becomes of the one before', () => {
  const first = setTraceContext({ activeSpan: () => undefined });
  const second = setTraceContext({ activeSpan: () => span });
  first[Symbol.dispose]();
  expect(activeSpan()).toEqual(span);
  second[Symbol.dispose]();
  expect(hasTraceContext()).toBe(false);
});

test('handles ask their recorder again when tracing begins or ends', () => {
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  const orders = counter('traced');
  orders.increment();
  const asked = recorder.bound.length;
  orders.increment();
  expect(recorder.bound.length).toBe(asked);
  const set = setTraceContext({ activeSpan: () => undefined });
  orders.increment();
  expect(recorder.bound.length).toBe(asked + 1);
  set[Symbol.dispose]();
  orders.increment();
  expect(recorder.bound.length).toBe(asked + 2);
  installation.uninstall();
});

test('a trace context that throws is reported, and there is no span', () => {
  const codes: string[] = [];
  const reporter = setReporter((code) => codes.push(code));
  setTraceContext({
    activeSpan() {
      throw new Error('no');
    },
  });
  expect(activeSpan()).toBeUndefined();
  expect(activeSpan()).toBeUndefined();
  expect(codes).toEqual(['OSTINATO_TRACE_CONTEXT']);
  setTraceContext({
    activeSpan: () => ({
      ...span,
      get traceId(): string {
        throw new Error('no');
      },
    }),
  });
  expect(activeSpan()).toBeUndefined();
  setTraceContext({ activeSpan: () => null as never });
  expect(activeSpan()).toBeUndefined();
  sharedState().trace = undefined;
  setReporter(reporter);
});
