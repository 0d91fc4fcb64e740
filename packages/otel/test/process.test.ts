import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Collector,
  decodePoints,
  Ledger,
  silence,
  startCollector,
  status,
  success,
} from '@ostinato/testing';

const APP = join(__dirname, 'fixtures/app.mjs');

let collector: Collector;
let stateHome: string;
beforeEach(async () => {
  collector = await startCollector();
  stateHome = mkdtempSync(join(tmpdir(), 'ostinato-otel-'));
});
afterEach(async () => {
  await collector.stop();
  rmSync(stateHome, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

class App {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #out = '';
  #err = '';

  constructor(end: string, settings: object = {}, temporality = 'delta') {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [APP, end, JSON.stringify(settings)], {
      env: {
        PATH,
        HOME,
        XDG_STATE_HOME: stateHome,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: temporality,
      },
    });
    this.#child = child;
    child.stdout.on('data', (text) => {
      this.#out += text;
    });
    child.stderr.on('data', (text) => {
      this.#err += text;
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, out: this.#out, err: this.#err }));
    });
  }

  /** Resolves when the app has said so. */
  says(text: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#out.includes(text)) {
          resolve();
        }
      };
      this.#child.stdout?.on('data', look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Orders in the requests that the collector took. */
function delivered(): number {
  const ledger = new Ledger();
  for (const { bytes } of collector.accepted) {
    ledger.add(decodePoints(bytes));
  }
  return ledger.total('orders');
}

/** Lines of metrics in the fallback log. */
function logged(): string[] {
  return readdirSync(stateHome, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.jsonl'))
    .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
    .filter((line) => line.includes('"orders"') && line.startsWith('{"resourceMetrics"'));
}

describe('a service that does nothing about its end', () => {
  test('delivers when it has nothing more to do, once', async () => {
    const { code, signal } = await new App('return').ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(collector.requests).toHaveLength(1);
    expect(delivered()).toBe(3);
    expect(logged()).toEqual([]);
  });

  test('delivers what a listener to beforeExit goes on to record', async () => {
    expect(await new App('afterthought').ended).toMatchObject({ code: 0, err: '' });
    expect(delivered()).toBe(5);
  });

  test.each([
    ['SIGTERM', 'delta'],
    ['SIGINT', 'cumulative'],
  ] as const)('delivers on %s, which then has its effect (%s)', async (signal, temporality) => {
    const app = new App('idle', {}, temporality);
    await app.says('ready');
    app.kill(signal);
    expect(await app.ended).toMatchObject({ code: null, signal, err: '' });
    expect(delivered()).toBe(3);
    expect(logged()).toEqual([]);
  });

  test.each(['delta', 'cumulative'])(
    'leaves to the next process what it records while the collector takes its time over the last flush (%s)',
    async (temporality) => {
      collector.respond(success({ delayMillis: 200 }));
      const app = new App('busy', {}, temporality);
      await app.says('ready');
      app.kill('SIGTERM');
      const { signal, out, err } = await app.ended;
      expect({ signal, err }).toEqual({ signal: 'SIGTERM', err: '' });
      const recorded = Number(out.trimEnd().split('\n').at(-1));
      expect(delivered()).toBeLessThan(recorded);
      expect(logged()).toHaveLength(1);
      collector.respond(success());
      await new App('return', {}, temporality).ended;
      expect(delivered()).toBe(recorded + 3);
    },
  );

  test('goes on trying at SIGTERM where its log cannot be written', async () => {
    collector.respondOnce(status('UNAVAILABLE', { delayMillis: 50, retryDelayMillis: 2_000 }));
    const app = new App('busy');
    await app.says('ready');
    writeFileSync(join(stateHome, 'ostinato'), '');
    app.kill('SIGTERM');
    expect(await app.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(delivered()).toBeGreaterThanOrEqual(3);
  });

  test('leaves its metrics to the next process at process.exit()', async () => {
    expect(await new App('exit').ended).toMatchObject({ code: 3, signal: null });
    expect(delivered()).toBe(0);
    expect(logged()).toHaveLength(1);
    await new App('return').ended;
    expect(delivered()).toBe(6);
  });

  test('leaves its metrics to the next process when it crashes', async () => {
    const { code, err } = await new App('crash').ended;
    expect(code).toBe(1);
    expect(err).toContain('a bug in the service');
    expect(logged()).toHaveLength(1);
    await new App('return').ended;
    expect(delivered()).toBe(6);
  });

  test('ends by itself without a collector, and says what is wrong and where its metrics are', async () => {
    collector.vanish();
    const { code, err } = await new App('return').ended;
    expect(code).toBe(0);
    expect(logged()).toHaveLength(1);
    const lines = err.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^ostinato warn: .*connection refused/);
    expect(lines[0]).toContain(join(stateHome, 'ostinato', 'orders'));
  });

  test('a second Ctrl-C does not wait for a collector that says nothing', async () => {
    collector.respond(silence());
    const app = new App('idle', { exporter: { flushMillis: 60_000 } });
    await app.says('ready');
    app.kill('SIGINT');
    await collector.received(1);
    app.kill('SIGINT');
    expect(await app.ended).toMatchObject({ code: 130, signal: null });
    expect(logged()).toHaveLength(1);
  });

  test.each(['export', 'forceFlush', 'shutdown'])(
    "dies of the signal even if its exporter's %s rejects, and says so",
    async (method) => {
      const app = new App('idle', { exporter: method });
      await app.says('ready');
      app.kill('SIGTERM');
      const { signal, err } = await app.ended;
      expect(signal).toBe('SIGTERM');
      expect(err).toContain(`a bug in ${method}`);
      expect(err).not.toContain('unhandled');
    },
  );
});

describe('a service that listens to the signal', () => {
  test('ends as and when it wants, and what it records until then is kept', async () => {
    const app = new App('graceful');
    await app.says('ready');
    app.kill('SIGTERM');
    expect(await app.ended).toMatchObject({ code: 7, signal: null });
    await new App('return').ended;
    expect(delivered()).toBe(3 + 2 + 3);
  });

  test('lives on if it wants', async () => {
    const app = new App('curious');
    await app.says('ready');
    app.kill('SIGTERM');
    await app.says('heard');
    await collector.received(1);
    app.kill('SIGINT');
    expect(await app.ended).toMatchObject({ signal: 'SIGINT' });
    expect(delivered()).toBe(3);
  });
});

test('without signals the end of the process is not ours', async () => {
  const app = new App('idle', { signals: false });
  await app.says('ready');
  app.kill('SIGTERM');
  expect(await app.ended).toMatchObject({ signal: 'SIGTERM' });
  expect(collector.requests).toEqual([]);
});

test('a shutdown and a new start in one process lose nothing', async () => {
  expect(await new App('restart').ended).toMatchObject({ code: 0, err: '' });
  expect(delivered()).toBe(5);
});

test('the ESM and the CommonJS build are one SDK', async () => {
  const { out, err } = await new App('twice').ended;
  expect(out).toBe('one\n');
  expect(err).toMatch(/^ostinato warn: start\(\) was called again.*\n$/);
  expect(delivered()).toBe(3);
});
