import { openSync, readSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

/**
 * The longest time, in ms, for which the event loop of this thread did nothing else during `work`, less what garbage
 * collections took of it, or what the thread waited for a processor that others had; the least of several tries, and that
 * of the first, which runs code for the first time. Where both were in one turn the longer is taken off, since they may be the
 * same time: the figure is never too low.
 */
export async function watchBlocks(tries, prepare, work) {
  const blocks = [];
  for (let i = 0; i < tries; i += 1) {
    prepare(i);
    globalThis.gc();
    blocks.push(await longestBlock(work));
  }
  return { block: Math.min(...blocks), firstBlock: blocks[0] };
}

async function longestBlock(work) {
  const pauses = [];
  const observer = new PerformanceObserver((list) => pauses.push(...list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const waited = processorWait();
  const turns = [look(waited)];
  let done = false;
  const watching = new Promise((resolve) => {
    const turn = () => {
      turns.push(look(waited));
      if (done) resolve();
      else setImmediate(turn);
    };
    setImmediate(turn);
  });
  await work();
  done = true;
  await watching;
  // Entries of the observer come a little later.
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  let longest = 0;
  for (let i = 1; i < turns.length; i += 1) {
    const [before, after] = [turns[i - 1], turns[i]];
    const [from, to] = [before.end, after.begin];
    let paused = 0;
    for (const { startTime, duration } of pauses) {
      paused += Math.max(0, Math.min(to, startTime + duration) - Math.max(from, startTime));
    }
    const looked = before.end - before.begin + after.end - after.begin;
    longest = Math.max(longest, to - from - Math.max(paused, after.waited - before.waited - looked));
  }
  return longest;
}

/**
 * A look at what was waited so far is a system call, at whose end a thread is likelier to lose its processor than anywhere
 * else. So what is between two looks is measured without them, and so much as they took is not taken off for waiting.
 */
function look(waited) {
  const begin = performance.now();
  return { begin, waited: waited(), end: performance.now() };
}

let ofThisThread;

/**
 * How long this thread has been ready to run and did not, in ms: the second number that Linux keeps in `schedstat`. It
 * is exact whenever the thread runs, unlike the first, its processor time, which moves by ticks of 4 ms. What a
 * hypervisor takes is not in it. Elsewhere none is known of.
 */
function processorWait() {
  if (process.platform !== 'linux') return () => 0;
  ofThisThread ??= openSync('/proc/thread-self/schedstat');
  const text = Buffer.alloc(64);
  return () => Number(text.latin1Slice(0, readSync(ofThisThread, text, 0, 64, 0)).split(' ')[1]) / 1e6;
}
