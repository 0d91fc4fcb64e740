import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs a fixture in a Node of its own, on the built package, and gives what it printed as JSON. */
export function runFixture(
  name: string,
  nodeOptions: readonly string[] = [],
  args: readonly string[] = [],
): unknown {
  const file = join(__dirname, '..', 'fixtures', name);
  const { error, status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeOptions, file, ...args],
    {
      encoding: 'utf8',
    },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${name} ended with ${signal ?? status}: ${stderr}`);
  return JSON.parse(stdout);
}
