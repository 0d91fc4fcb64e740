// What the programs of this folder share: they print a line `ok …` for each thing shown and exit with 1 at the first
// that is not so. Sizes come from the command line; without, they are those of `npm run test:stress`.
import { strict as assert } from 'node:assert';

export const size = (position, otherwise) => Number(process.argv[2 + position] ?? otherwise);

export function ok(text) {
  process.stdout.write(`ok  ${text}\n`);
}

export const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Resolves when a worker has ended, however. */
export const ended = (worker) => new Promise((resolve) => worker.once('exit', resolve).on('error', () => {}));

/**
 * Two readers of a recorder, cumulative and delta, that hold each snapshot to what snapshots must be: a count is the
 * sum of its buckets, nothing is lower than the time before, and the deltas add up to the cumulative values.
 */
export class Audit {
  collections = 0;
  #cumulative;
  #delta;
  /** By metric and labels. */
  #last = new Map();
  #added = new Map();

  constructor(recorder) {
    this.#cumulative = recorder.reader();
    this.#delta = recorder.reader({ temporality: 'delta' });
  }

  collect() {
    this.collections++;
    for (const run of this.#cumulative.collect().chunks(64)) for (const point of run) this.#rise(point);
    for (const run of this.#delta.collect().chunks(64)) for (const point of run) this.#add(point);
  }

  /** `{value, count, sum, counts}` of a series as last collected. */
  read(name, labels = {}) {
    return this.#last.get(id(name, Object.entries(labels)));
  }

  /** At rest: the deltas of every series are together what the series has. */
  settle() {
    this.collect();
    for (const [series, { type, value, count, sum }] of this.#last) {
      if (type === 'gauge') continue;
      const added = this.#added.get(series) ?? { value: 0, count: 0, sum: 0 };
      assert.equal(added.count, count, `deltas of ${series}`);
      const text = `deltas of ${series}: ${added.value} of ${value}, sum ${added.sum} of ${sum}`;
      assert(alike(added.value, value) && alike(added.sum, sum), text);
    }
  }

  #rise(point) {
    checkCount(point);
    const series = id(point.key.name, point.key.labels);
    const last = this.#last.get(series);
    const now = copy(point);
    this.#last.set(series, now);
    if (last === undefined || now.type === 'gauge') return;
    for (const what of ['value', 'count', 'sum', 'max']) {
      assert(!(now[what] < last[what]), `${series}: ${what} went from ${last[what]} to ${now[what]}`);
    }
    assert(!(now.min > last.min), `${series}: min went from ${last.min} to ${now.min}`);
    assert(
      now.type === 'histogram' || now.scale <= last.scale || now.type === 'counter',
      `${series}: scale rose`,
    );
  }

  #add(point) {
    if (point.metric.type === 'gauge') return;
    checkCount(point);
    const series = id(point.key.name, point.key.labels);
    const added = this.#added.get(series) ?? { value: 0, count: 0, sum: 0 };
    this.#added.set(series, added);
    for (let i = 0; i < point.length; i++) assert(point.counts[i] >= 0, `${series}: a bucket went back`);
    added.value += point.value;
    added.count += point.count;
    added.sum += point.sum;
  }
}

/**
 * Equal, but for rounding: of fractions, and of what is 2^53 or more. So many thousand deltas that are added up are each off
 * by 2^-53 of the sum at most.
 */
function alike(a, b) {
  return Number.isSafeInteger(a) && Number.isSafeInteger(b)
    ? a === b
    : Math.abs(a - b) <= 1e-11 * Math.abs(b);
}

function checkCount({ metric, key, count, zeroCount, counts, length }) {
  if (!metric.type.endsWith('istogram')) return;
  let inBuckets = zeroCount;
  for (let i = 0; i < length; i++) inBuckets += counts[i];
  assert.equal(count, inBuckets, `${id(key.name, key.labels)}: the count is not the sum of the buckets`);
}

function copy({ metric, value, count, sum, min, max, scale, counts, length }) {
  const { type } = metric;
  return { type, value, count, sum, min, max, scale, counts: Array.from(counts.subarray(0, length)) };
}

function id(name, labels) {
  return `${name} ${labels.map(([label, value]) => `${label}=${value}`).sort()}`;
}

/** Runs so many lanes, and `meanwhile` once a turn until all are done. A lane that fails ends the program. */
export async function runLanes(count, run, meanwhile) {
  let running = count;
  for (let lane = 0; lane < count; lane++) {
    run(lane).then(
      () => running--,
      (error) => {
        process.stderr.write(`${error.stack}\n`);
        process.exit(1);
      },
    );
  }
  while (running > 0) {
    meanwhile();
    await nextTurn();
  }
}
