const tasks = new Set<() => void>();

function runAll(): void {
  for (const task of tasks) {
    try {
      task();
    } catch {
      // The others must still write what they have, and the process keep its exit code.
    }
  }
}

/** Runs `task` when the process exits, after which nothing asynchronous runs; returns how to forget it. */
export function atExit(task: () => void): () => void {
  // One listener for all exporters: Node warns at the eleventh.
  if (tasks.size === 0) process.once('exit', runAll);
  tasks.add(task);
  return () => {
    if (tasks.delete(task) && tasks.size === 0) process.off('exit', runAll);
  };
}
