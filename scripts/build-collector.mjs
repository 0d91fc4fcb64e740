// npm run collector:build: the real Collector and Prometheus that npm run test:collector needs, built once and cached.
// Ends with 3 where there is no Go to build them with.
import { setPriority } from 'node:os';
import { collectorBinaries, NoGoError } from './lib/collector.mjs';

setPriority(10);
try {
  const folder = await collectorBinaries((line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`${folder}\n`);
} catch (error) {
  if (!(error instanceof NoGoError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 3;
}
