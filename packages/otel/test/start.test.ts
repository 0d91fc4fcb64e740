import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag, metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { counter, gauge, globalRecorder, histogram, report, setGlobalRecorder } from '@ostinato/core';
import { withDelivery } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import {
  type Collector,
  decodePoints,
  type Point,
  silence,
  startCollector,
  status,
  success,
} from '@ostinato/testing';
import { registered } from '../src/diagnostics.ts';
import type { StartOptions } from '../src/options.ts';
import type { Running } from '../src/running.ts';
import { start as startSdk } from '../src/start.ts';

const HOUR = 3_600_000;
const environment = { ...process.env };
const said: string[] = [];
const running: Running[] = [];
let collector: Collector;
let stateHome: string;

beforeEach(async () => {
  collector = await startCollector();
  stateHome = mkdtempSync(join(tmpdir(), 'ostinato-otel-'));
  process.env.XDG_STATE_HOME = stateHome;
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.endpoint;
  said.length = 0;
  const note = (...words: unknown[]) => said.push(words.join(' '));
  const ignore = () => {};
  diag.setLogger({ error: note, warn: note, info: note, debug: ignore, verbose: ignore });
});

afterEach(async () => {
  await Promise.allSettled(running.splice(0).map((sdk) => sdk.shutdown()));
  diag.disable();
  process.env = { ...environment };
  await collector.stop();
  rmSync(stateHome, { recursive: true });
});

function start(options?: StartOptions): Running {
  const sdk = startSdk(options);
  running.push(sdk);
  return sdk;
}

/** Without the point of zero with which a series begins, if it is a millisecond old. */
const received = (): Point[] =>
  collector.accepted
    .flatMap(({ bytes }) => decodePoints(bytes))
    .filter(({ start, time, value, count }) => start !== time || value > 0 || count > 0);
const valuesOf = (metric: string) =>
  received().flatMap((point) => (point.metric === metric ? [point.value] : []));

describe('start', () => {
  test('exports what is recorded, with the service, to where the environment says', async () => {
    const early = counter('orders', { type: 'retail' });
    const sdk = start({ serviceName: 'orders', interval: HOUR });
    early.increment(3);
    gauge('depth').set(-1.5);
    histogram('time').record(5);
    await sdk.forceFlush();
    const points = received().filter(({ scope }) => !scope.name.startsWith('@ostinato/'));
    expect(points.map(({ metric }) => metric).sort()).toEqual(['depth', 'orders', 'time']);
    expect(points.find(({ metric }) => metric === 'orders')).toMatchObject({
      type: 'sum',
      temporality: 'cumulative',
      monotonic: true,
      value: 3,
      attributes: { type: 'retail' },
      scope: { name: 'ostinato' },
      resource: { 'service.name': 'orders', 'telemetry.distro.name': 'ostinato', 'process.pid': process.pid },
    });
    expect(said).toEqual([]);
  });

  test('exports instruments of OpenTelemetry along with it', async () => {
    const sdk = start({ interval: HOUR });
    metrics.getMeter('library').createCounter('requests').add(2);
    sdk.meterProvider.getMeter('service').createCounter('jobs').add(4);
    counter('orders').increment();
    await sdk.forceFlush();
    expect([valuesOf('requests'), valuesOf('jobs'), valuesOf('orders')]).toEqual([[2], [4], [1]]);
  });

  test('exports by itself, as often as it is told', async () => {
    start({ interval: 20 });
    counter('orders').increment();
    await collector.until(({ accepted }) => accepted.length >= 2);
    expect(valuesOf('orders').slice(0, 2)).toEqual([1, 1]);
  });

  test('gives the exporter time to call back before the reader gives it up', async () => {
    collector.respond(silence());
    process.env.OTEL_METRIC_EXPORT_TIMEOUT = '1000';
    const sdk = start({ interval: HOUR, exporter: { flushMillis: 0 } });
    counter('orders').increment();
    await sdk.forceFlush();
    expect(said.filter((line) => line.includes('timed out'))).toEqual([]);
  });

  test('says once that the collector refuses data, however often it does', async () => {
    collector.respond(status('INVALID_ARGUMENT', { details: 'bad data' }));
    const sdk = start({ interval: HOUR });
    for (let i = 1; i <= 3; i++) {
      counter('orders').increment();
      await sdk.forceFlush();
      expect(collector.requests).toHaveLength(i);
    }
    expect(said).toEqual([expect.stringMatching(/\d points? .*refused.*bad data/)]);
  });

  test('asks the recorder for the temporality that the exporter prefers', async () => {
    const sdk = start({ interval: HOUR, exporter: { temporalityPreference: 'delta' } });
    counter('orders').increment(3);
    await sdk.forceFlush();
    counter('orders').increment(2);
    await sdk.forceFlush();
    expect(valuesOf('orders')).toEqual([3, 2]);
    expect(received()[0]?.temporality).toBe('delta');
  });

  test('takes the stock exporter, wrapped: an outage costs nothing', async () => {
    const stock = new OTLPMetricExporter({ url: collector.endpoint, temporalityPreference: 0 });
    const exporter = withDelivery(stock, { fallback: { directory: join(stateHome, 'log') } });
    const sdk = start({ interval: HOUR, exporter });
    counter('orders').increment(3);
    histogram('time').record(5);
    await sdk.forceFlush();
    collector.vanish();
    counter('orders').increment(2);
    await sdk.forceFlush();
    expect(exporter.status().account.logged).toBeGreaterThan(0);
    await collector.comeBack();
    await collector.until(() => valuesOf('orders').length === 2);
    expect(valuesOf('orders')).toEqual([3, 2]);
    expect(collector.ledger.total('time')).toBe(1);
  });

  test('takes an exporter of one own', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const sdk = start({ interval: HOUR, exporter });
    counter('orders').increment(3);
    await sdk.forceFlush();
    const [batch] = exporter.getMetrics();
    expect(batch?.scopeMetrics[0]?.metrics[0]).toMatchObject({
      aggregationTemporality: AggregationTemporality.DELTA,
      dataPoints: [{ value: 3 }],
    });
    expect(collector.requests).toEqual([]);
  });

  test('passes options on to the recorder', async () => {
    const sdk = start({ interval: HOUR, recorder: { buckets: { time: [10, 100] } } });
    histogram('time').record(50);
    await sdk.forceFlush();
    expect(received()[0]).toMatchObject({ type: 'histogram', bounds: [10, 100], bucketCounts: [0, 1, 0] });
  });
});

describe('the environment', () => {
  test('names the service and its attributes, and says how often', async () => {
    Object.assign(process.env, {
      OTEL_SERVICE_NAME: 'by-environment',
      OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2.0',
      OTEL_METRIC_EXPORT_INTERVAL: '20',
    });
    start();
    counter('orders').increment();
    await collector.received(1);
    await collector.until(() => collector.accepted.length > 0);
    expect(received()[0]?.resource).toMatchObject({
      'service.name': 'by-environment',
      'service.version': '1.2.0',
    });
  });

  test('is beaten by options', async () => {
    Object.assign(process.env, {
      OTEL_SERVICE_NAME: 'by-environment',
      OTEL_METRIC_EXPORT_INTERVAL: String(HOUR),
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_METRICS_EXPORTER: 'none',
    });
    start({ serviceName: 'by-code', interval: 20, exporter: { endpoint: collector.endpoint } });
    counter('orders').increment();
    await collector.until(() => collector.accepted.length > 0);
    expect(received()[0]?.resource['service.name']).toBe('by-code');
  });

  test('OTEL_SDK_DISABLED=true: nothing is recorded or exported, and all that start() gives works', async () => {
    process.env.OTEL_SDK_DISABLED = 'true';
    const sdk = start({ interval: 20 });
    counter('orders').increment();
    sdk.meterProvider.getMeter('m').createCounter('requests').add(1);
    expect(globalRecorder()).toBeUndefined();
    expect(registered('metrics')).toBeUndefined();
    await sdk.forceFlush();
    await sdk.shutdown();
    expect(collector.connections.made).toBe(0);
  });

  test('OTEL_METRICS_EXPORTER=none: everything is recorded, nothing exported', async () => {
    process.env.OTEL_METRICS_EXPORTER = 'none';
    const sdk = start();
    counter('orders').increment(3);
    await sdk.forceFlush();
    const read = sdk.recorder.reader().collect();
    const values: number[] = [];
    for (const run of read.chunks(10)) {
      for (const { value } of run) {
        values.push(value);
      }
    }
    expect(values).toEqual([3]);
    await sdk.shutdown();
    expect(collector.connections.made).toBe(0);
  });

  test('what cannot be used is said and ignored', async () => {
    process.env.OTEL_METRIC_EXPORT_TIMEOUT = 'soon';
    start({ interval: HOUR });
    expect(said).toEqual([expect.stringContaining('OTEL_METRIC_EXPORT_TIMEOUT=soon is ignored')]);
  });
});

test('what is recorded while the last flush waits in vain goes to the log', async () => {
  collector.respond(silence());
  const options = { interval: HOUR, exporter: { temporalityPreference: 'delta', flushMillis: 300 } } as const;
  const sdk = start(options);
  const orders = counter('orders');
  orders.increment(3);
  const ended = sdk.shutdown();
  await collector.received(1);
  orders.increment(4);
  await ended;
  collector.respond(success());
  start(options);
  await collector.until(() => valuesOf('orders').length >= 2);
  expect(valuesOf('orders')).toEqual([3, 4]);
});

describe('a second start()', () => {
  test('warns and gives what runs already', () => {
    const sdk = start({ serviceName: 'one', interval: HOUR });
    expect(start({ serviceName: 'two' })).toBe(sdk);
    expect(said).toEqual([expect.stringContaining('start() was called again')]);
  });

  test('starts anew after a shutdown, and handles go on', async () => {
    const orders = counter('orders');
    const first = start({ interval: HOUR });
    orders.increment(3);
    await first.shutdown();
    expect(valuesOf('orders')).toEqual([3]);
    orders.increment(100);
    const second = start({ interval: HOUR });
    expect(second).not.toBe(first);
    orders.increment(2);
    await second.shutdown();
    expect(valuesOf('orders')).toEqual([3, 2]);
    expect(said).toEqual([]);
  });

  test('need not wait for a shutdown that was begun', async () => {
    const first = start({ interval: HOUR });
    counter('orders').increment(3);
    const ended = first.shutdown();
    const second = start({ interval: HOUR });
    counter('orders').increment(2);
    await ended;
    expect(globalRecorder()).toBe(second.recorder);
    await second.shutdown();
    expect(valuesOf('orders').sort()).toEqual([2, 3]);
  });
});

describe('shutdown', () => {
  test('gives back all that is global', async () => {
    diag.disable();
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const sdk = start({ interval: HOUR });
    expect(globalRecorder()).toBe(sdk.recorder);
    expect(registered('metrics')).toBe(sdk.meterProvider);
    expect(registered('diag')).toBeDefined();
    await sdk.shutdown();
    expect(globalRecorder()).toBeUndefined();
    expect(registered('metrics')).toBeUndefined();
    expect(registered('diag')).toBeUndefined();
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
    const warning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    report('TEST_RESTORED', 'start', 'the reporter is restored');
    expect(warning).toHaveBeenCalledTimes(1);
    warning.mockRestore();
  });

  test('can be called again, and flushing after it is harmless', async () => {
    const sdk = start({ interval: HOUR });
    const ended = sdk.shutdown();
    expect(sdk.shutdown()).toBe(ended);
    await sdk.forceFlush();
    await expect(ended).resolves.toBeUndefined();
  });

  test('rejects when points were lost', async () => {
    collector.vanish();
    const sdk = start({ interval: HOUR, exporter: { fallback: false, flushMillis: 1 } });
    counter('orders').increment();
    await expect(sdk.shutdown()).rejects.toMatchObject({ code: 'OSTINATO_POINTS_LOST' });
    expect(globalRecorder()).toBeUndefined();
  });

  test('reaches the shutdown of an exporter that fails to flush', async () => {
    const shutdown = jest.fn(async () => {});
    const exporter: PushMetricExporter = {
      export: (_, callback) => callback({ code: 0 }),
      forceFlush: () => Promise.reject(new Error('cannot flush')),
      shutdown,
    };
    await start({ interval: HOUR, exporter }).shutdown();
    expect(shutdown).toHaveBeenCalledTimes(1);
  });

  test('leaves another MeterProvider alone', async () => {
    const theirs = new MeterProvider();
    metrics.setGlobalMeterProvider(theirs);
    try {
      const sdk = start({ interval: HOUR });
      expect(registered('metrics')).toBe(theirs);
      await sdk.shutdown();
      expect(registered('metrics')).toBe(theirs);
    } finally {
      metrics.disable();
    }
  });
});

describe('without its own directory', () => {
  const unusable = (service: string) => {
    mkdirSync(join(stateHome, 'ostinato'));
    symlinkSync(stateHome, join(stateHome, 'ostinato', service));
  };

  test('it starts without a fallback log, and says so', async () => {
    unusable('orders');
    const sdk = start({ serviceName: 'orders', interval: HOUR });
    expect(said).toEqual([expect.stringMatching(/there is no fallback log.*symbolic link/)]);
    counter('orders').increment();
    await sdk.shutdown();
    expect(valuesOf('orders')).toEqual([1]);
  });

  test('a directory that was asked for and cannot be used is an error', () => {
    unusable('orders');
    const directory = join(stateHome, 'ostinato', 'orders');
    expect(() => start({ exporter: { fallback: { directory } } })).toThrow(
      expect.objectContaining({ code: 'OSTINATO_LOG_DIRECTORY' }),
    );
  });
});

describe('nothing is started', () => {
  afterEach(() => {
    // Whatever was begun was undone.
    expect(registered('metrics')).toBeUndefined();
    const sdk = start({ interval: HOUR });
    expect(globalRecorder()).toBe(sdk.recorder);
  });

  test('while another recorder is installed', () => {
    const theirs = createRecorder();
    const installation = setGlobalRecorder(theirs);
    try {
      expect(() => start()).toThrow(expect.objectContaining({ code: 'OSTINATO_RECORDER_ALREADY_INSTALLED' }));
      expect(globalRecorder()).toBe(theirs);
      expect(collector.connections.made).toBe(0);
    } finally {
      installation.uninstall();
    }
  });

  test.each<[object | undefined | string, RegExp]>([
    ['orders', /the options argument must be an object, got 'orders'/],
    [{ servicename: 'x' }, /no option 'servicename'.*serviceName/],
    [{ serviceName: ' ' }, /serviceName must be a name, got ' '/],
    [{ serviceName: 7 }, /serviceName must be a name, got 7/],
    [{ resource: 'a=b' }, /resource must be .* got 'a=b'/],
    [{ interval: 0 }, /interval \(ms\) must be a number from 1 to 2147483647, got 0/],
    [{ interval: '5s' }, /interval .*got '5s'/],
    [{ interval: Number.NaN }, /interval .*got NaN/],
    [{ interval: 2 ** 31 }, /interval .*got 2147483648/],
    [{ signals: 'yes' }, /signals must be one of true, false, got 'yes'/],
    [{ exporter: null }, /exporter must be .*got null/],
    [{ exporter: { export() {}, forceFlush() {} } }, /exporter\.shutdown must be a method.*got undefined/],
    [{ recorder: { maxMemory: 1 } }, /maxMemory must be .*got 1$/],
    [{ endpoint: 'http://x' }, /there is no option 'endpoint'; did you mean 'exporter\.endpoint'\?/],
    [{ buckets: {} }, /there is no option 'buckets'; did you mean 'recorder\.buckets'\?/],
    [{ exporter: { endpont: 'http://x' } }, /endpont.*did you mean 'endpoint'/],
    [{ exporter: { acceptMillis: 'soon' } }, /acceptMillis.*'soon'/],
    [{ exporter: { fallback: '/var/log' } }, /exporter\.fallback must be an object, got '\/var\/log'/],
    [{ exporter: { fallback: null } }, /exporter\.fallback must be an object, got null/],
    [{ exporter: { fallback: { maxBytes: -1 } } }, /fallback\.maxBytes.*-1/],
  ])('with the options %j', (options, message) => {
    expect(() => start(options as never)).toThrow(
      expect.objectContaining({
        name: 'OstinatoError',
        code: 'OSTINATO_INVALID_OPTION',
        message: expect.stringMatching(message),
      }),
    );
  });
});
