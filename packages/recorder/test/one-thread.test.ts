import { getEnvironmentData } from 'node:worker_threads';
import { counter, gauge, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '../src/index.ts';
import { readAll } from './support/series.ts';

const KEY = 'ostinato.recorder.v1';

/** Records through the facade, and reads what was recorded. */
function recordAndRead(name: string): unknown {
  const recorder = createRecorder({ maxMemory: 2 ** 20 });
  const installation = setGlobalRecorder(recorder);
  try {
    counter(name).increment(2);
    gauge(`${name}.level`).set(7);
    return readAll(recorder.reader().collect()).map(({ value }) => value);
  } finally {
    installation.uninstall();
  }
}

test('without node:worker_threads, the recorder works for its one thread', () => {
  const getBuiltinModule = jest.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  try {
    expect(recordAndRead('no.worker_threads')).toEqual([2, 7]);
    expect(attachWorker()).toBe('nothing published');
    expect(getBuiltinModule).toHaveBeenCalled();
  } finally {
    getBuiltinModule.mockRestore();
  }
});

test('without process, too', () => {
  const { process } = globalThis;
  Reflect.deleteProperty(globalThis, 'process');
  try {
    expect(recordAndRead('no.process')).toEqual([2, 7]);
  } finally {
    globalThis.process = process;
  }
});

test('memory that cannot be shared is not given to workers, which would get a copy', () => {
  const shared = globalThis.SharedArrayBuffer;
  Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
  try {
    const recorder = createRecorder({ maxMemory: 2 ** 20 });
    const installation = setGlobalRecorder(recorder);
    expect(getEnvironmentData(KEY)).toBeUndefined();
    counter('not.shared').increment(3);
    expect(readAll(recorder.reader().collect())).toMatchObject([{ value: 3 }]);
    installation.uninstall();
  } finally {
    globalThis.SharedArrayBuffer = shared;
  }
});

test('what workers find is there while a recorder is installed, and is data', () => {
  const recorder = createRecorder({ maxMemory: 2 ** 20, buckets: { h: [1, 2] } });
  expect(getEnvironmentData(KEY)).toBeUndefined();
  const installation = setGlobalRecorder(recorder);
  const published = getEnvironmentData(KEY);
  expect(published).toMatchObject({ row: 1, settings: { maxMemory: 2 ** 20 } });
  expect(() => structuredClone(published)).not.toThrow();
  expect(attachWorker()).toBe('has a recorder');
  installation.uninstall();
  expect(getEnvironmentData(KEY)).toBeUndefined();
});

test('a recorder that is taken out leaves alone what another one published', () => {
  const [first, second] = [createRecorder({ maxMemory: 2 ** 20 }), createRecorder({ maxMemory: 2 ** 20 })];
  const installation = setGlobalRecorder(second);
  first.uninstalled();
  expect(getEnvironmentData(KEY)).toBeDefined();
  installation.uninstall();
});
