import { readSnapshot, recorderContract } from '@ostinato/testing';
import { createRecorder } from '../src/recorder.ts';

const cases = recorderContract(() => {
  const recorder = createRecorder({ maxMemory: 8 * 1024 * 1024 });
  const reader = recorder.reader();
  return {
    recorder,
    read: () => readSnapshot(reader.collect()),
    refused: (reason) => recorder.refusals()[reason] ?? 0,
  };
});

describe('the recorder keeps the contract of recorders', () => {
  for (const { name, run } of cases) test(name, run);
});
