// large-log.mjs [MEGABYTES]: a log of so many megabytes that a dead process left is adopted, verified and delivered, packed and
// plain, in memory that does not depend on its size.
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLog } from '../dist/log/open.js';

const MEGABYTES = Number(process.argv[2] ?? 1000);
const MIB = 1 << 20;
const UNIT_BYTES = 250_000;
const unbounded = { maxBytes: Number.MAX_SAFE_INTEGER, segmentBytes: 8 * MIB, fsync: 'never' };

/** Quick to read and write, so that the log is what is measured. */
const codec = {
  toLines: (unit) => [
    { unit, text: `{"resourceMetrics":[${JSON.stringify(Buffer.from(unit.bytes).toString())}]}` },
  ],
  fromLine: (text) => Buffer.from(JSON.parse(text).resourceMetrics[0]),
};

let tick = () => Promise.resolve();
const clock = {
  now: Date.now,
  repeat(_millis, task) {
    tick = task;
    return () => {};
  },
};

function memory() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

for (const how of ['plain', 'packed']) {
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-stress-'));
  const root = join(directory, 'log');
  const units = Math.ceil((MEGABYTES * 1e6) / UNIT_BYTES);
  let log = openLog({ directory: root, codec, clock, ...unbounded });
  const line = log.line('shop');
  for (let number = 1; number <= units; number++) {
    const bytes = Buffer.alloc(UNIT_BYTES, ` ${number} of a service`);
    assert(line.append([{ bytes, points: number, resource: 'shop' }]).stored);
  }
  if (how === 'packed') await tick();
  const { bytes } = log;
  log.close();

  const before = memory();
  let peak = 0;
  log = openLog({ directory: root, codec, clock, ...unbounded });
  const [adopted] = await log.adopt();
  assert.equal(adopted.pending, units);
  let next = 1;
  for (let unit = await adopted.peek(); unit; unit = await adopted.peek()) {
    assert.equal(unit.points, next);
    next++;
    adopted.acknowledge();
    if (next % 100 === 0) peak = Math.max(peak, memory() - before);
    if (next === units >> 1) {
      const bin = fileURLToPath(new URL('../dist/cli/bin.js', import.meta.url));
      const { stdout } = spawnSync(process.execPath, ['--max-old-space-size=96', bin, 'log', 'ls', root]);
      assert.match(String(stdout), new RegExp(`${(units - next + 1).toLocaleString('en-US')} requests`));
    }
  }
  assert.equal(next, units + 1);
  log.close();
  assert.deepEqual(readdirSync(root), []);
  rmSync(directory, { recursive: true });
  assert(globalThis.gc === undefined || peak < 64 * MIB, `memory grew by ${peak} bytes`);
  const mib = (count) => `${(count / MIB).toFixed(1)} MiB`;
  process.stdout.write(`ok  ${how}: ${units} requests in ${mib(bytes)} on disk, memory +${mib(peak)}\n`);
}
