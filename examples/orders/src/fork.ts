import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Message } from './service.ts';
import type { Tally } from './tally.ts';

export type ServiceName = 'order-service' | 'payment-service';

/** A service in a process of its own. */
export class ServiceProcess {
  readonly name: ServiceName;
  /** What it has counted so far; complete once it has stopped. */
  tally: Tally = {};
  /** The last line that it printed. */
  said = '';
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;
  #stopping = false;

  private constructor(name: ServiceName, env: NodeJS.ProcessEnv, say: (line: string) => void) {
    this.name = name;
    const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    this.#child = fork(file, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output === null) continue;
      createInterface(output).on('line', (line) => {
        this.said = line;
        say(line);
      });
    }
    this.#child.on('message', (message: Message) => {
      if (message.kind === 'tally') this.tally = message.tally;
    });
    // 'close' comes after the last line of output and the last message.
    this.#exited = once(this.#child, 'close').then(([code, signal]) => (signal === null ? code : 1));
  }

  /** Starts a service with this environment; `say` gets every line that it prints. */
  static async start(
    name: ServiceName,
    env: NodeJS.ProcessEnv,
    say: (line: string) => void,
  ): Promise<{ readonly service: ServiceProcess; readonly url: string }> {
    const service = new ServiceProcess(name, env, say);
    const listening = new Promise<string>((resolve) => {
      service.#child.on('message', (message: Message) => {
        if (message.kind === 'listening') resolve(message.url);
      });
    });
    const url = await Promise.race([listening, service.#exited.then(() => undefined)]);
    if (url === undefined) throw new Error(`${name} did not start: ${service.said}`);
    return { service, url };
  }

  /** Calls back with what to tell a human if the service ends without having been told to. */
  onUnexpectedEnd(callback: (error: Error) => void): void {
    void this.#exited.then((code) => {
      if (this.#stopping) return;
      callback(new Error(`${this.name} ended unexpectedly, with exit code ${code}: ${this.said}`));
    });
  }

  /** Ends it at once, if it has not ended. */
  kill(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }

  /** Lets it finish what it does and deliver its last metrics; resolves with its exit code. */
  stop(): Promise<number> {
    this.#stopping = true;
    if (this.#child.connected) this.#child.send('stop');
    return this.#exited;
  }
}
