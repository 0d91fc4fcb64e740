import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ContractSubject, recorderContract } from '@ostinato/testing';

const titles = recorderContract(() => undefined as unknown as ContractSubject).map(({ name }) => name);

describe.each([
  ['', []],
  [', with layers too', ['layers']],
])('the recorder of a worker thread keeps the contract of recorders%s', (_, args) => {
  let results: readonly { readonly name: string; readonly failure?: string }[];

  beforeAll(async () => {
    const fixture = join(__dirname, 'fixtures/contract-in-worker.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, ...args]);
    results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  });

  test.each(titles)('%s', (title) => {
    expect(results.find(({ name }) => name === title)).toEqual({ name: title });
  });
});
