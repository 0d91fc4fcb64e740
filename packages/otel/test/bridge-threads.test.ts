import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

// Real workers, and deaths of theirs, need a process without jest's vm.
test.each(['2', '3'])(
  'each sample of worker threads reaches each reader of a bridged provider once, on SDK %s.x',
  async (line) => {
    const fixture = join(__dirname, 'fixtures/bridge-threads.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, line]);
    const { given, recorded, collections, breaches, least, victims } = JSON.parse(stdout);
    expect(breaches).toEqual([]);
    expect(collections).toBeGreaterThan(10);
    expect(recorded.counted).toBeGreaterThanOrEqual(least);
    for (const got of given) {
      expect(got.counted).toBe(recorded.counted);
      // A thread that is killed between recording a sample and handing it over takes that one with it.
      for (const name of ['explicit', 'exponential']) {
        expect(recorded[name] - got[name]).toBeGreaterThanOrEqual(0);
        expect(recorded[name] - got[name]).toBeLessThanOrEqual(victims);
      }
    }
    expect(given[0]).toEqual(given[1]);
  },
);
