import { diag } from '@opentelemetry/api';
import {
  AggregationTemporality,
  AggregationType,
  InstrumentType,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { guardExporter } from '../src/guarded-exporter.ts';

const errors: string[] = [];
const ignore = () => {};
beforeAll(() => {
  diag.setLogger({
    error: (text) => errors.push(text),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  });
});
afterAll(() => diag.disable());

class Stock implements PushMetricExporter {
  shutdowns = 0;
  temporality = AggregationTemporality.DELTA;
  export = jest.fn();
  async forceFlush(): Promise<void> {
    throw new Error('cannot flush');
  }
  async shutdown(): Promise<void> {
    this.shutdowns++;
    throw new Error('points lost');
  }
  selectAggregationTemporality() {
    return this.temporality;
  }
}

test('a flush that fails is said, and does not keep a reader from shutting the exporter down', async () => {
  await expect(guardExporter(new Stock()).forceFlush()).resolves.toBeUndefined();
  expect(errors).toEqual(['the exporter failed to flush']);
});

test('a shutdown happens once, and each caller gets its result', async () => {
  const stock = new Stock();
  const guarded = guardExporter(stock);
  await expect(guarded.shutdown()).rejects.toThrow('points lost');
  await expect(guarded.shutdown()).rejects.toThrow('points lost');
  expect(stock.shutdowns).toBe(1);
});

test('an exporter that throws instead of rejecting is no different', async () => {
  const guarded = guardExporter({
    export: ignore,
    forceFlush() {
      throw new Error('now');
    },
    shutdown() {
      throw new Error('now');
    },
  });
  await expect(guarded.forceFlush()).resolves.toBeUndefined();
  await expect(guarded.shutdown()).rejects.toThrow('now');
});

test('an exporter that speaks for itself does not speak through the reader too', () => {
  const failed = { code: 1, error: new Error('refused') };
  const stock: PushMetricExporter = Object.assign(new Stock(), {
    export: (_: unknown, callback: typeof heard) => callback(failed),
  });
  const heard = jest.fn<void, [{ code: number; error?: Error }]>();
  const metrics = { resource: undefined as never, scopeMetrics: [] };
  guardExporter(stock).export(metrics, heard);
  guardExporter(stock, true).export(metrics, heard);
  expect(heard.mock.calls).toEqual([[failed], [{ code: 0 }]]);
});

test('all else is the exporter itself', () => {
  const stock = new Stock();
  const guarded = guardExporter(stock);
  const metrics = { resource: undefined as never, scopeMetrics: [] };
  guarded.export(metrics, ignore);
  expect(stock.export).toHaveBeenCalledWith(metrics, ignore);
  expect(guarded.selectAggregationTemporality?.(InstrumentType.COUNTER)).toBe(AggregationTemporality.DELTA);
  expect(guarded.selectAggregation).toBeUndefined();
  const selects = { ...stock, forceFlush: stock.forceFlush, shutdown: stock.shutdown };
  const aggregating = guardExporter({
    ...selects,
    selectAggregation: () => ({ type: AggregationType.DROP }),
  });
  expect(aggregating.selectAggregation?.(InstrumentType.COUNTER)).toEqual({ type: AggregationType.DROP });
});
