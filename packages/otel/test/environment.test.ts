import { setReporter } from '@ostinato/core';
import { readResourceAttributes, readSettings } from '../src/environment.ts';

const reports: string[] = [];
let previous: ReturnType<typeof setReporter>;
beforeAll(() => {
  previous = setReporter((_code, text) => reports.push(text));
});
beforeEach(() => {
  reports.length = 0;
});
afterAll(() => {
  setReporter(previous);
});

test('nothing set means the defaults, empty means nothing set', () => {
  const defaults = { disabled: false, exporter: 'otlp', intervalMillis: undefined, timeoutMillis: undefined };
  expect(readSettings({})).toEqual(defaults);
  expect(
    readSettings({ OTEL_SDK_DISABLED: '', OTEL_METRICS_EXPORTER: ' ', OTEL_METRIC_EXPORT_INTERVAL: '' }),
  ).toEqual(defaults);
  expect(reports).toEqual([]);
});

test('everything set is read', () => {
  expect(
    readSettings({
      OTEL_SDK_DISABLED: 'True',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_METRIC_EXPORT_INTERVAL: ' 1500 ',
      OTEL_METRIC_EXPORT_TIMEOUT: '700',
    }),
  ).toEqual({ disabled: true, exporter: 'none', intervalMillis: 1500, timeoutMillis: 700 });
  expect(reports).toEqual([]);
});

test.each([
  ['OTEL_SDK_DISABLED', 'yes', 'disabled', false],
  ['OTEL_METRIC_EXPORT_INTERVAL', '5s', 'intervalMillis', undefined],
  ['OTEL_METRIC_EXPORT_INTERVAL', '0', 'intervalMillis', undefined],
  ['OTEL_METRIC_EXPORT_INTERVAL', '2147483648', 'intervalMillis', undefined],
  ['OTEL_METRIC_EXPORT_TIMEOUT', '-1', 'timeoutMillis', undefined],
  ['OTEL_METRICS_EXPORTER', 'prometheus', 'exporter', 'otlp'],
  ['OTEL_METRICS_EXPORTER', 'none,console', 'exporter', 'otlp'],
] as const)('%s=%s is ignored with a report', (name, value, setting, expected) => {
  expect(readSettings({ [name]: value })[setting]).toBe(expected);
  expect(reports).toEqual([expect.stringContaining(`${name}=${value} is ignored: it must be `)]);
});

test('resource attributes are percent-decoded', () => {
  expect(
    readResourceAttributes({
      OTEL_RESOURCE_ATTRIBUTES:
        ' service.name = a%20b ,deployment.environment.name=prod,, k%2Cey=v%3D1%2C%C3%A9,e=',
    }),
  ).toEqual({ 'service.name': 'a b', 'deployment.environment.name': 'prod', 'k,ey': 'v=1,é', e: '' });
});

test.each(['a=b,c', 'a=b=c', '=v', 'a=%E0%A4%A'])(
  'one bad pair discards all resource attributes: %s',
  (bad) => {
    expect(readResourceAttributes({ OTEL_RESOURCE_ATTRIBUTES: `good=1,${bad}` })).toEqual({});
    expect(reports).toEqual([
      expect.stringContaining(
        `OTEL_RESOURCE_ATTRIBUTES is ignored, all of it, because of '${bad.split(',').pop()}': `,
      ),
    ]);
  },
);
