import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const running = new Set<ChildProcess>();

// A suite that ends in the middle leaves nobody behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A server of another process: its output, and its end. */
export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  #output = '';
  #ended = false;

  constructor(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#name = [file, ...args].join(' ');
    this.#process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    running.add(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output += chunk;
      });
    }
    this.#process.once('exit', () => {
      this.#ended = true;
      running.delete(this.#process);
    });
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when it answers this address with a status of success. */
  async ready(url: string): Promise<void> {
    for (;;) {
      if (this.#ended) throw new Error(`${this.#name} ended:\n${this.#output}`);
      const response = await fetch(url).catch(() => undefined);
      if (response?.ok === true) return;
      await delay(20);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it, and resolves when it has ended. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#ended) return;
    const exit = once(this.#process, 'exit');
    // Who is stopped hears of nothing else.
    this.signal('SIGCONT');
    this.signal(signal);
    await exit;
  }
}

/** A port of 127.0.0.1 that nothing listens on, outside the range that systems hand out to clients. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const bound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (bound) return port;
  }
}
