import { context, propagation, type Span, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { counter, defineCounter, setGlobalRecorder, setReporter, withLabels } from '@ostinato/core';
import { createRecorder, redact } from '@ostinato/recorder';
import { readSnapshot } from '@ostinato/testing';
import { followTraces } from '../src/active-span.ts';
import { start } from '../src/start.ts';
import { outerSpans, type TraceLabels } from '../src/trace-labels.ts';

const orders = defineCounter('orders', { contextLabels: ['tenant', 'tier'] });
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
  for (const api of [trace, context, propagation]) api.disable();
});

/** Records once with this tracing, and returns the labels of the series that came of it. */
function labelsOf(labels: TraceLabels, record: () => void, recorder = createRecorder()): readonly object[] {
  const following = followTraces(labels);
  const installation = setGlobalRecorder(recorder);
  ends.push(
    () => following[Symbol.dispose](),
    () => installation.uninstall(),
  );
  record();
  return readSnapshot(recorder.reader().collect()).map((series) => series.labels);
}

function inSpan<T>(attributes: Record<string, string>, fn: (span: Span) => T): T {
  return trace.getTracer('test').startActiveSpan('span', { attributes }, (span) => {
    try {
      return fn(span);
    } finally {
      span.end();
    }
  });
}

const both: TraceLabels = { spanAttributes: ['tenant', 'tier'], baggage: ['tenant', 'tier'] };
const baggage = (entries: Record<string, string>, fn: () => void) => {
  const values = Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, { value }]));
  context.with(propagation.setBaggage(context.active(), propagation.createBaggage(values)), fn);
};

test('attributes of the active span become labels, also those that are set later, of metrics that name them', () => {
  new NodeTracerProvider().register();
  const labels = labelsOf(both, () =>
    inSpan({ tenant: 'acme', user: 'ada' }, (span) => {
      span.setAttribute('tier', 2);
      orders.increment();
      counter('plain').increment();
    }),
  );
  expect(labels).toEqual([{ tenant: 'acme', tier: 2 }, {}]);
});

test('an inner span beats an outer one', async () => {
  new NodeTracerProvider({ spanProcessors: [outerSpans()] }).register();
  const labels = labelsOf(both, () =>
    inSpan({ tenant: 'outer', tier: 'outer' }, () =>
      inSpan({}, () => inSpan({ tier: 'inner' }, () => orders.increment())),
    ),
  );
  expect(labels).toEqual([{ tenant: 'outer', tier: 'inner' }]);
});

test('without outerSpans() only the active span is looked at', () => {
  new NodeTracerProvider().register();
  const labels = labelsOf(both, () =>
    inSpan({ tenant: 'outer' }, () => inSpan({ tier: 'inner' }, () => orders.increment())),
  );
  expect(labels).toEqual([{ tier: 'inner' }]);
});

test('withLabels beats a span, which beats baggage', () => {
  new NodeTracerProvider().register();
  const record = () =>
    baggage({ tenant: 'baggage', tier: 'baggage' }, () => {
      orders.increment();
      inSpan({ tenant: 'span' }, () => {
        orders.increment();
        withLabels({ tier: 'with' }, () => orders.increment());
      });
    });
  expect(labelsOf(both, record)).toEqual([
    { tenant: 'baggage', tier: 'baggage' },
    { tenant: 'span', tier: 'baggage' },
    { tenant: 'span', tier: 'with' },
  ]);
});

test.each<[string, TraceLabels, object]>([
  ['nothing', {}, {}],
  ['one of the span', { spanAttributes: ['tier'] }, { tier: 'span' }],
  ['one of the baggage', { baggage: ['tenant'] }, { tenant: 'baggage' }],
])('only what is listed comes from traces: %s', (_, labels, expected) => {
  new NodeTracerProvider().register();
  const record = () =>
    baggage({ tenant: 'baggage', tier: 'baggage' }, () =>
      inSpan({ tenant: 'span', tier: 'span' }, () => orders.increment()),
    );
  expect(labelsOf(labels, record)).toEqual([expected]);
});

test('a span that is not recorded has no attributes', () => {
  new NodeTracerProvider({ sampler: new AlwaysOffSampler() }).register();
  expect(labelsOf(both, () => inSpan({ tenant: 'a' }, () => orders.increment()))).toEqual([{}]);
});

test('attributes that can be no label are left out', () => {
  new NodeTracerProvider().register();
  const record = () =>
    inSpan({ tenant: 'a' }, (span) => {
      span.setAttribute('tier', ['x', 'y']);
      orders.increment();
    });
  expect(labelsOf(both, record)).toEqual([{ tenant: 'a' }]);
});

test('redaction and limits apply to them as to any label', () => {
  new NodeTracerProvider().register();
  const record = () => {
    for (let i = 0; i < 10; i++) inSpan({ tenant: `t${i}`, tier: 'secret' }, () => orders.increment());
  };
  const reporter = setReporter(() => {});
  ends.push(() => setReporter(reporter));
  const recorder = createRecorder({ layers: [redact({ drop: ['tier'] })], cardinality: 3 });
  expect(labelsOf(both, record, recorder)).toEqual([
    { tenant: 't0' },
    { tenant: 't1' },
    { 'otel.metric.overflow': true },
  ]);
});

test('start() takes them as an option', async () => {
  new NodeTracerProvider().register();
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const { recorder, shutdown } = start({ traceLabels: { spanAttributes: ['tenant'] } });
  delete process.env.OTEL_METRICS_EXPORTER;
  inSpan({ tenant: 'acme' }, () => orders.increment());
  expect(readSnapshot(recorder.reader().collect()).map(({ labels }) => labels)).toEqual([{ tenant: 'acme' }]);
  await shutdown();
});

test.each([
  [
    { spanAttributes: 'tenant' },
    "followTraces: spanAttributes must be an array of label names, got 'tenant'",
  ],
  [{ baggage: ['__name__'] }, "followTraces: baggage: label '__name__'"],
  [{ attributes: [] }, "followTraces: there is no option 'attributes'"],
])('wrong options %#', (labels, message) => {
  expect(() => followTraces(labels as never)).toThrow(message);
  expect(() => followTraces(labels as never)).toThrow(
    expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION' }),
  );
});

test('start() says where its option is wrong', () => {
  expect(() => start({ traceLabels: { baggage: 1 as never } })).toThrow(
    'start: traceLabels.baggage must be an array of label names, got 1',
  );
});
