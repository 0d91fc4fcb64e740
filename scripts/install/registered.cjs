// An application that starts nothing itself.
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { counter, globalRecorder } = require('ostinato');

async function main() {
  counter('orders').increment(3);
  const code = "require('ostinato/worker'); require('ostinato').counter('orders').increment(4);";
  await once(new Worker(code, { eval: true }), 'exit');
  const [run] = globalRecorder().reader().collect().chunks(10);
  assert.equal([...run][0].value, 7);
}
void main();
