import { PerformanceObserver } from 'node:perf_hooks';

/**
 * The longest time, in ms, for which the event loop of this thread did nothing else during `work`, less what garbage
 * collections took of it; the least of several tries, since the machine too interrupts.
 */
export async function watchBlocks(tries, prepare, work) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i += 1) {
    prepare(i);
    globalThis.gc();
    least = Math.min(least, await longestBlock(work));
  }
  return least;
}

async function longestBlock(work) {
  const pauses = [];
  const observer = new PerformanceObserver((list) => pauses.push(...list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const turns = [performance.now()];
  let done = false;
  const watching = new Promise((resolve) => {
    const turn = () => {
      turns.push(performance.now());
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
    const [from, to] = [turns[i - 1], turns[i]];
    let paused = 0;
    for (const { startTime, duration } of pauses) {
      paused += Math.max(0, Math.min(to, startTime + duration) - Math.max(from, startTime));
    }
    longest = Math.max(longest, to - from - paused);
  }
  return longest;
}
