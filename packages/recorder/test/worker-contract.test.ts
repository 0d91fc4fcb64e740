import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ContractSubject, recorderContract } from '@ostinato/testing';

const titles = recorderContract(() => undefined as unknown as ContractSubject).map(({ name }) => name);
let results: readonly { readonly name: string; readonly failure?: string }[];

beforeAll(async () => {
  const fixture = join(__dirname, 'fixtures/contract-in-worker.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [fixture]);
  results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
});

describe('the recorder of a worker thread keeps the contract of recorders', () => {
  test.each(titles)('%s', (title) => {
    expect(results.find(({ name }) => name === title)).toEqual({ name: title });
  });
});
