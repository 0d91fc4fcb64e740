// npm run test:collector: otel-collector/test against a real OpenTelemetry Collector and a real Prometheus, which it builds
// first unless that was done. Arguments go to jest. Without Go everything is skipped, and that is said.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectorBinaries, NoGoError } from './lib/collector.mjs';
import { root } from './lib/workspace.mjs';

const results = { passed: 0, failed: 0, skipped: 0 };
const folder = mkdtempSync(join(tmpdir(), 'ostinato-collector-'));
try {
  const binaries = await collectorBinaries((line) => process.stdout.write(`${line}\n`));
  const output = join(folder, 'results.json');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const fixed = ['--config', 'jest.collector.config.cjs', '--json', '--outputFile', output, '--maxWorkers=2'];
  const { status } = spawnSync(process.execPath, [jest, ...fixed, ...process.argv.slice(2)], {
    cwd: root,
    // Its report is on stderr; stdout would have the JSON once more.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, OSTINATO_COLLECTOR_BINARIES: binaries },
  });
  const report = JSON.parse(readFileSync(output, 'utf8'));
  results.passed = report.numPassedTests;
  results.skipped = report.numPendingTests;
  results.failed = report.numFailedTests;
  if (status !== 0 && results.failed === 0) results.failed = 1;
} catch (error) {
  if (!(error instanceof NoGoError)) throw error;
  results.skipped = 1;
  process.stdout.write(`skip  ${error.message}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const { passed, failed, skipped } = results;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
