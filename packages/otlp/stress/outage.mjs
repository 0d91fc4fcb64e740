// outage.mjs [SERIES [MINUTES]]: so long without a collector at an interval of 5 s, on a clock of its own, through a real log.
// Memory stays bounded meanwhile; when the collector is back everything arrives, each series in order and once.
import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@ostinato/testing';
import { decodeRequest, OtlpMetricExporter } from '../dist/index.js';
import { openLog } from '../dist/log/open.js';

const SERIES = Number(process.argv[2] ?? 10_000);
const COLLECTS = Number(process.argv[3] ?? 10) * 12;
const MIB = 1 << 20;
const DELTA = 0;
const CUMULATIVE = 1;
const START = 1_800_000_000;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Refuses connections until it is there; then it holds each series to its order. */
class Receiver {
  there = false;
  ready = false;
  points = 0;
  sums = new Float64Array(SERIES);
  #times = new Float64Array(SERIES);
  #temporality;

  constructor(temporality) {
    this.#temporality = temporality;
  }

  async send(bytes) {
    if (!this.there)
      return { ok: false, code: 14, details: 'connect ECONNREFUSED', retryDelayMillis: undefined };
    for (const { scopeMetrics } of decodeRequest(bytes).resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const point of metrics.flatMap(({ sum }) => sum.dataPoints)) this.#take(point);
      }
    }
    return { ok: true, rejectedPoints: 0, message: '' };
  }

  #take({ attributes, timeUnixNano, asDouble }) {
    const series = Number(attributes[0].value.intValue);
    const time = Number(timeUnixNano);
    assert(time > this.#times[series], `series ${series} goes back in time`);
    this.#times[series] = time;
    this.points++;
    this.sums[series] = this.#temporality === DELTA ? this.sums[series] + asDouble : asDouble;
  }

  onReady = () => () => {};
  recreate() {}
  close() {}
}

function batch(collect, temporality) {
  const time = START + collect * 5;
  const dataPoints = Array.from({ length: SERIES }, (_, series) => ({
    startTime: [temporality === DELTA ? time - 5 : START - 5, 0],
    endTime: [time, 0],
    attributes: { series, route: '/orders/of/a/customer' },
    value: (temporality === DELTA ? 1 : collect + 1) * (series + 0.5),
  }));
  const descriptor = { name: 'requests', description: 'Requests', unit: '{request}', valueType: 1 };
  const metric = {
    descriptor,
    aggregationTemporality: temporality,
    dataPointType: 3,
    isMonotonic: true,
    dataPoints,
  };
  return {
    resource: { attributes: { 'service.name': 'stress' } },
    scopeMetrics: [{ scope: { name: 'stress' }, metrics: [metric] }],
  };
}

function memory() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function outage(name, temporality) {
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-stress-'));
  const clock = new ManualClock();
  const receiver = new Receiver(temporality);
  const housekeeping = new Set();
  const logClock = {
    now: clock.epochMillis,
    repeat(millis, task) {
      const timer = clock.setInterval(() => {
        const work = task().finally(() => housekeeping.delete(work));
        housekeeping.add(work);
      }, millis);
      return () => clock.clearInterval(timer);
    },
  };
  const exporter = new OtlpMetricExporter(
    { temporalityPreference: temporality, fallback: { directory: join(directory, 'log') } },
    {
      env: {},
      logger: { info() {}, warn() {} },
      runtime: { now: clock.now, after: clock.after, soon: clock.soon, random: () => 0.5 },
      connect: () => receiver,
      openLog: (options) => openLog({ ...options, clock: logClock }),
    },
  );
  // Until it has looked for the logs of others.
  while (exporter.status().state === 'starting') await turn();
  exporter.export(batch(0, temporality), () => {});
  await clock.advance(5000);
  const before = memory();
  const peak = { heap: 0, queued: 0 };
  for (let collect = 1; collect < COLLECTS; collect++) {
    let answer;
    exporter.export(batch(collect, temporality), ({ code }) => {
      answer = code;
    });
    for (let step = 0; step < 50; step++) {
      await clock.advance(100);
      peak.queued = Math.max(peak.queued, exporter.status().memory.bytes);
    }
    // Syncing the log takes real time.
    while (answer === undefined) await clock.advance(100);
    assert.equal(answer, 0);
    await Promise.all(housekeeping);
    if (collect % 10 === 0) peak.heap = Math.max(peak.heap, memory() - before);
  }
  const { account, log } = exporter.status();
  assert.equal(account.accepted, SERIES * COLLECTS);
  assert.equal(account.logged + account.queued, SERIES * COLLECTS);
  const packed = readdirSync(directory, { recursive: true }).filter((path) => path.endsWith('.gz')).length;
  receiver.there = true;
  const { account: waiting } = exporter.status();
  assert.equal(waiting.delivered, 0);
  for (let left = 1; left > 0; ) {
    await clock.advance(50);
    const now = exporter.status().account;
    left = now.logged + now.queued;
    if (clock.now() % 10_000 === 0) peak.heap = Math.max(peak.heap, memory() - before);
  }
  await exporter.shutdown();
  assert.equal(receiver.points, SERIES * COLLECTS);
  for (let series = 0; series < SERIES; series++)
    assert.equal(receiver.sums[series], COLLECTS * (series + 0.5));
  assert(peak.queued <= 16 * MIB, `${peak.queued} bytes were queued in memory`);
  assert(globalThis.gc === undefined || peak.heap < 96 * MIB, `memory grew by ${peak.heap} bytes`);
  assert.deepEqual(readdirSync(join(directory, 'log')), []);
  rmSync(directory, { recursive: true });
  const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
  process.stdout.write(
    `ok  ${name}: ${SERIES * COLLECTS} points in ${mib(log.bytes)} on disk (${packed} segments packed), at most ${mib(peak.queued)} queued, memory +${mib(peak.heap)}\n`,
  );
}

await outage('delta', DELTA);
await outage('cumulative', CUMULATIVE);
