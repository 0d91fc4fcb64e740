// Runs cases in processes of their own, round by round: a case and its rival share whatever the machine does meanwhile.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
// The young generation as large as Node.js lets it grow by itself, from the start: a larger one would never be in the cache.
const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

/** A place where cases run: a Node.js, and the checkout whose packages are measured. */
export function place(node, { checkout, folder } = {}) {
  const root = checkout ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  return { node, child: join(root, 'benchmarks', 'lib', 'child.mjs'), folder };
}

/** Runs one case there once. Its figures are such that less is better. */
export async function runCase({ node, child, folder }, group, name) {
  const env = { ...process.env, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' };
  if (folder !== undefined) env.OSTINATO_BENCH_NEWER = folder;
  const { stdout } = await run(node, [...flags, child, group, name], { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

export async function runRust(program, name) {
  return JSON.parse((await run(program, [name])).stdout);
}

/** Of several rounds of one case: the least of each figure, and the median of the medians. */
export function merge(rounds) {
  const merged = {};
  for (const key of Object.keys(rounds[0])) {
    const figures = rounds.map((round) => round[key]).sort((a, b) => a - b);
    merged[key] = key === 'median' ? figures[figures.length >> 1] : figures[0];
  }
  return merged;
}
