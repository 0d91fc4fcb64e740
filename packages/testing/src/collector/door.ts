import { connect, createServer, type Server, type Socket } from 'node:net';
import { OstinatoError } from '@ostinato/core';

// Ports below every system's ephemeral range: while a door is closed, neither another process's outgoing
// connection nor the client's own reconnecting (a TCP self-connect) can take its port.
const FIRST_PORT = 12_000;
const PORTS = 20_000;
let nextPort = (process.pid * 251) % PORTS;

/** One accepted connection and, unless it is swallowed, its way to the inner server. */
interface Connection {
  readonly id: number;
  readonly outside: Socket;
  readonly inside: Socket | undefined;
}

/**
 * The TCP door in front of an inner server on the same machine. It keeps one port for life and can be closed
 * and opened again, swallow what comes in, freeze what is connected or break it: what networks and dying
 * processes do to a client, while the inner server stays unaware.
 */
export class Door {
  #server: Server | undefined;
  #port = 0;
  #accepted = 0;
  #swallowing = false;
  readonly #innerPort: number;
  readonly #connections = new Set<Connection>();
  readonly #changed: () => void;

  constructor(innerPort: number, changed: () => void) {
    this.#innerPort = innerPort;
    this.#changed = changed;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections open now. */
  get open(): number {
    return this.#connections.size;
  }

  /** Opens on the door's own port; at first on `port`, or on a free one if that is 0. */
  async listen(port: number, { swallowing = false } = {}): Promise<void> {
    this.#swallowing = swallowing;
    if (this.#server !== undefined) return;
    const wanted = this.#port || port;
    for (let attempt = 0; ; attempt++) {
      const candidate = wanted || FIRST_PORT + (nextPort++ % PORTS);
      try {
        this.#server = await this.#bind(candidate);
        this.#port = candidate;
        return;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const taken = code === 'EADDRINUSE' || code === 'EACCES';
        if (taken && wanted === 0 && attempt < PORTS) continue;
        throw new OstinatoError(
          'OSTINATO_PORT_UNAVAILABLE',
          `the collector cannot listen on port ${candidate}: ${message}`,
        );
      }
    }
  }

  #bind(port: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => this.#accept(socket));
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  #accept(outside: Socket): void {
    const inside = this.#swallowing ? undefined : connect({ port: this.#innerPort, host: '127.0.0.1' });
    const connection: Connection = { id: this.#accepted++, outside, inside };
    this.#connections.add(connection);
    // Broken connections are what this class is for; 'close' follows every 'error'.
    outside.on('error', () => {});
    outside.on('close', () => {
      this.#connections.delete(connection);
      inside?.destroy();
      this.#changed();
    });
    if (inside !== undefined) {
      outside.setNoDelay(true);
      inside.setNoDelay(true);
      inside.on('error', () => {});
      // What the inner server said last still goes out.
      inside.on('close', () => outside.destroySoon());
      outside.pipe(inside);
      inside.pipe(outside);
    }
    this.#changed();
  }

  /** The ordinal of the connection that reaches the inner server from this local port. */
  connectionFrom(innerLocalPort: number): number | undefined {
    for (const { id, inside } of this.#connections) if (inside?.localPort === innerLocalPort) return id;
    return undefined;
  }

  /** Breaks one connection. */
  hangUp(id: number): void {
    for (const connection of this.#connections) if (connection.id === id) connection.outside.destroy();
  }

  /** Breaks every connection; the port stays as it is. */
  hangUpAll(): void {
    for (const { outside } of this.#connections) outside.destroy();
  }

  /** Breaks the connections that were swallowed. */
  hangUpSwallowed(): void {
    for (const { outside, inside } of this.#connections) if (inside === undefined) outside.destroy();
  }

  /** No byte passes any more, in either direction, on the connections that are open now; nobody is told. */
  freeze(): void {
    for (const { outside, inside } of this.#connections) {
      outside.unpipe();
      inside?.unpipe();
      outside.pause();
      inside?.pause();
    }
  }

  /** Gives the port back: new connections are refused. Open ones stay. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
  }
}
