// A process for the tests of real deaths: `node process.cjs append|adopt DIRECTORY FIRST`. Tells what it knows on stdout.
const { writeSync } = require('node:fs');
const { openLog } = require('../../cjs/log/open.js');

const [, , task, directory, first] = process.argv;
const tell = (what, number) => writeSync(1, `${what} ${number}\n`);

const codec = {
  toLines: (unit) => [
    { unit, text: `{"resourceMetrics":[${JSON.stringify(Buffer.from(unit.bytes).toString())}]}` },
  ],
  fromLine: (text) => Buffer.from(JSON.parse(text).resourceMetrics[0]),
};
/** Keeps house all the time. */
const clock = {
  now: Date.now,
  repeat(_millis, task) {
    const timer = setInterval(() => void task(), 2);
    return () => clearInterval(timer);
  },
};
const log = openLog({ directory, codec, clock, segmentBytes: 20_000 });
const numberOf = (unit) => Number(Buffer.from(unit.bytes).toString());

/** Appends until it is killed, delivers about half of it, and what it adopted too. */
async function append() {
  const line = log.line('shop');
  const lines = [line, ...(await log.adopt())];
  let next = Number(first);
  for (let round = 0; ; round++) {
    const units = Array.from({ length: 1 + (round % 4) }, () => {
      const number = next++;
      const padding = ' '.repeat((number * 7919) % 3000);
      return { bytes: Buffer.from(`${number}${padding}`), points: number, resource: 'shop' };
    });
    const result = round % 5 ? line.append(units) : line.appendSync(units);
    if (!result.stored) throw new Error(result.degraded.message);
    for (const unit of units) tell('stored', unit.points);
    if (round % 3 === 0) await result.durable;
    for (const one of round % 2 ? lines : []) {
      const unit = await one.peek();
      if (!unit) continue;
      tell('delivered', numberOf(unit));
      one.acknowledge();
    }
    await new Promise(setImmediate);
  }
}

/** Adopts all there is when told to start. */
async function adopt() {
  tell('ready', 0);
  await new Promise((resolve) => process.stdin.once('data', resolve));
  for (const line of await log.adopt()) {
    for (let unit = await line.peek(); unit; unit = await line.peek()) {
      tell('delivered', numberOf(unit));
      line.acknowledge();
    }
  }
  log.close();
  process.stdin.destroy();
}

void (task === 'append' ? append() : adopt());
