import type { Attempt, Transport } from '../transport/transport.ts';
import type { Runtime } from './runtime.ts';

// In an outage an attempt that hangs shows soon, and a client that cannot connect is made anew.
const RECOVERY_TIMEOUT_MILLIS = 4000;
const RECREATE_MILLIS = 3000;
const DEADLINE_EXCEEDED = 4;

/** The connection as the sender sees it: attempts with the right deadline, and a client that does not stay stuck. */
export class Link {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #timeoutMillis: number;
  readonly #inFlight = new AbortController();
  readonly #ignoreReady: () => void;
  /** Since when this client may have been trying to connect. */
  #connectingSince = 0;
  #patient = false;

  constructor(transport: Transport, runtime: Runtime, timeoutMillis: number, onReady: () => void) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#timeoutMillis = timeoutMillis;
    this.#ignoreReady = transport.onReady(onReady);
  }

  /** One attempt. `away`: the one before it failed. */
  async send(bytes: Uint8Array, away: boolean): Promise<Attempt> {
    if (away && !this.#transport.ready && this.#runtime.now() - this.#connectingSince >= RECREATE_MILLIS) {
      this.#recreate();
    }
    const impatient = away && !this.#patient;
    const attempt = await this.#transport.send(bytes, {
      timeoutMillis: impatient ? Math.min(this.#timeoutMillis, RECOVERY_TIMEOUT_MILLIS) : this.#timeoutMillis,
      signal: this.#inFlight.signal,
    });
    if (!away) this.#connectingSince = this.#runtime.now();
    if (!attempt.ok && attempt.code === DEADLINE_EXCEEDED) {
      // Connected and slower than the short deadline: every other attempt has its whole time, or a receiver that needs
      // 5 s for an answer would never be seen to work.
      this.#patient = away && this.#transport.ready && !this.#patient;
      this.#recreate();
    }
    return attempt;
  }

  /** Nobody is told of the connection any more. */
  ignore(): void {
    this.#ignoreReady();
  }

  /** Ends the attempt that is in flight. */
  cancel(): void {
    this.#inFlight.abort();
  }

  close(): void {
    this.#transport.close();
  }

  #recreate(): void {
    this.#connectingSince = this.#runtime.now();
    this.#transport.recreate();
  }
}
