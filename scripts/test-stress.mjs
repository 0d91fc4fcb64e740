// npm run test:stress [NAME…]: the long runs of packages/*/stress, or those whose names are given. A program that would
// start after OSTINATO_STRESS_SECONDS is skipped; none is cut short.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packages } from './lib/workspace.mjs';

const seconds = Number(process.env.OSTINATO_STRESS_SECONDS ?? Infinity);
/** A net for what hangs. */
const LONGEST_MILLIS = 20 * 60_000;

const wanted = process.argv.slice(2);
const programs = packages
  .map(({ path }) => join(path, 'stress'))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((file) => file.endsWith('.mjs') && basename(file) !== 'support.mjs')
  .filter((file) => wanted.length === 0 || wanted.includes(basename(file, '.mjs')));

const results = { passed: 0, failed: 0, skipped: 0 };
const started = performance.now();
for (const program of programs) {
  const name = basename(program, '.mjs');
  if ((performance.now() - started) / 1000 > seconds) {
    results.skipped += 1;
    process.stdout.write(`skip  ${name}: ${seconds} s are over\n`);
    continue;
  }
  const from = performance.now();
  const { status } = spawnSync(process.execPath, ['--expose-gc', program], {
    stdio: 'inherit',
    timeout: LONGEST_MILLIS,
  });
  results[status === 0 ? 'passed' : 'failed'] += 1;
  const took = ((performance.now() - from) / 1000).toFixed(0);
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name}: ${took} s\n`);
}

const { passed, failed, skipped } = results;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
