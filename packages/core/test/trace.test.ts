import { counter } from '../src/facade.ts';
import { setGlobalRecorder } from '../src/global.ts';
import { setReporter } from '../src/report.ts';
import { sharedState } from '../src/state.ts';
import { activeSpan, isTracing, setTraceContext, type TraceContext, traceLabel } from '../src/trace.ts';
import { TestRecorder } from './support/recorder.ts';

const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };

test('the active span is what the trace context says, for as long as that is set', () => {
  expect([isTracing(), activeSpan()]).toEqual([false, undefined]);
  const set = setTraceContext({ activeSpan: () => span });
  expect([isTracing(), activeSpan()]).toEqual([true, span]);
  set[Symbol.dispose]();
  expect([isTracing(), activeSpan()]).toEqual([false, undefined]);
});

test.each([
  ['says so', () => true, true],
  ['says no', () => false, false],
  ['does not say', undefined, true],
  [
    'cannot say',
    () => {
      throw new Error('no tracer');
    },
    true,
  ],
])('a span can be active where the trace context %s', (_, isActive, expected) => {
  const set = setTraceContext({
    activeSpan: () => span,
    ...(isActive === undefined ? {} : { isTracing: isActive }),
  });
  expect(isTracing()).toBe(expected);
  set[Symbol.dispose]();
});

test('the last trace context stays, whatever becomes of the one before', () => {
  const first = setTraceContext({ activeSpan: () => undefined });
  const second = setTraceContext({ activeSpan: () => span });
  first[Symbol.dispose]();
  expect(activeSpan()).toEqual(span);
  second[Symbol.dispose]();
  expect(isTracing()).toBe(false);
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

test.each(['activeSpan', 'isTracing', 'label'] as const)(
  'a trace context that looks for the span itself, by what it records, is not asked again meanwhile: %s',
  (method) => {
    let calls = 0;
    const look = () => {
      calls++;
      return [isTracing(), activeSpan(), traceLabel('tenant')];
    };
    const looks: Record<typeof method, () => unknown> = {
      activeSpan: () => look() && span,
      isTracing: () => look() && true,
      label: () => look() && 'acme',
    };
    const set = setTraceContext({ activeSpan: () => span, [method]: looks[method] } as TraceContext);
    expect([isTracing(), activeSpan(), method === 'label' && traceLabel('tenant')]).toEqual([
      true,
      span,
      method === 'label' && 'acme',
    ]);
    expect(calls).toBe(1);
    expect(activeSpan()).toEqual(span);
    set[Symbol.dispose]();
  },
);
