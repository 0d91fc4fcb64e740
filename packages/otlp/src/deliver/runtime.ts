/** Stops a timer; nothing happens if it has fired. */
export type Cancel = () => void;

/** Time and chance, so that a test owns them. */
export interface Runtime {
  /** Milliseconds from any origin, never going back. */
  now(): number;
  /** Calls back once. Only with `keepAlive` does the wait keep the process from ending by itself. */
  after(millis: number, callback: () => void, keepAlive?: boolean): Cancel;
  /** Calls back when the event loop had its turn. */
  soon(callback: () => void): void;
  /** Uniform in [0, 1). */
  random(): number;
}

// Longer delays make setTimeout fire at once.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The real one. */
export const systemRuntime: Runtime = {
  now: () => performance.now(),
  after(millis, callback, keepAlive = false) {
    const timer = setTimeout(callback, Math.min(millis, LONGEST_TIMEOUT));
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
  random: () => Math.random(),
};
