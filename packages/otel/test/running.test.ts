import { diag } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createRecorder } from '@ostinato/recorder';
import { guardExporter } from '../src/guarded-exporter.ts';
import { makeStoppable } from '../src/running.ts';

const said: string[] = [];
const ignore = () => {};
beforeAll(() => {
  diag.setLogger({
    error: ignore,
    warn: (text) => said.push(text),
    info: ignore,
    debug: ignore,
    verbose: ignore,
  });
});
beforeEach(() => {
  said.length = 0;
});
afterAll(() => diag.disable());

const never = new Promise<void>(() => {});

/** A provider whose readers never finish. */
class Hanging extends MeterProvider {
  override forceFlush() {
    return never;
  }
  override shutdown() {
    return never;
  }
}

test('an exporter is shut down and all is given back although the last flush never ends', async () => {
  const shutdown = jest.fn(async () => {});
  const exporter = guardExporter({ export: ignore, forceFlush: async () => {}, shutdown });
  const undone: string[] = [];
  const undo = [() => undone.push('first'), () => undone.push('second')];
  const parts = { recorder: createRecorder(), meterProvider: new Hanging(), exporter, patienceMillis: 1 };
  const { running, release } = makeStoppable(parts, undo);
  await running.forceFlush();
  await running.shutdown();
  expect(shutdown).toHaveBeenCalledTimes(1);
  expect(undone).toEqual(['second', 'first']);
  release();
  expect(undone).toHaveLength(2);
  expect(said).toEqual([
    'a flush took longer than 1 ms and is not waited for',
    'the last flush took longer than 1 ms and is not waited for',
  ]);
});

test('all is given back although the shutdown of the exporter never ends', async () => {
  const exporter = guardExporter({ export: ignore, forceFlush: async () => {}, shutdown: () => never });
  const undo = [jest.fn()];
  const [step] = undo;
  const parts = {
    recorder: createRecorder(),
    meterProvider: new MeterProvider(),
    exporter,
    patienceMillis: 1,
  };
  await makeStoppable(parts, undo).running.shutdown();
  expect(step).toHaveBeenCalledTimes(1);
});
