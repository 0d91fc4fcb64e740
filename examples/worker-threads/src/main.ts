import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { start } from 'ostinato';
import { workOn } from './pool.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '200' },
    width: { type: 'string', default: '512' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
});

function whole(option: keyof typeof values): number {
  const value = Number(values[option]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${option} must be a whole number from 1`);
  process.exit(2);
}
const [images, width, workers] = [whole('images'), whole('width'), whole('workers')];

// Before the first worker: it finds the recorder that is installed when it is constructed.
const { recorder, shutdown } = start({ serviceName: 'image-hasher' });

const jobs = Array.from({ length: images }, (_, seed) => {
  return { seed, width, broken: seed % 25 === 24 };
});
const digests = await workOn(jobs, workers);
console.log(`${digests.length} of ${jobs.length} images hashed by ${workers} workers\n`);

for (const run of recorder.reader().collect().chunks(100)) {
  for (const { metric, key, value, count, sum } of run) {
    const labels = key.labels.map(([name, text]) => `{${name}=${text}}`).join('');
    const shown =
      metric.type === 'exponentialHistogram'
        ? `${count} times, ${(sum / count).toFixed(3)} ${metric.unit} on average`
        : `${value}`;
    console.log(`${(metric.name + labels).padEnd(28)} ${shown}`);
  }
}
await shutdown();
