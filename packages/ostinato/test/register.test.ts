import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Collector, startCollector } from '@ostinato/testing';

let collector: Collector;
let state: string;
beforeEach(async () => {
  collector = await startCollector();
  state = mkdtempSync(join(tmpdir(), 'ostinato-register-'));
});
afterEach(async () => {
  await collector.stop();
  rmSync(state, { recursive: true, force: true });
});

async function run(args: string[], env: Record<string, string> = {}) {
  const { PATH, HOME } = process.env;
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_SERVICE_NAME: 'shop',
    XDG_STATE_HOME: state,
  };
  const { stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: join(__dirname, 'fixtures'),
    env: { PATH, HOME, ...settings, ...env },
  });
  return stderr;
}

const orders = () =>
  Object.fromEntries(
    collector
      .points()
      .filter(({ metric }) => metric === 'orders')
      .map(({ attributes, value }) => [attributes.by, value]),
  );
const services = () => new Set(collector.points().map(({ resource }) => resource['service.name']));

test.each([
  ['--import', 'registered.mjs'],
  ['--import', 'registered.cjs'],
  ['--require', 'registered.mjs'],
  ['--require', 'registered.cjs'],
])(
  'node %s ostinato/register %s exports what is recorded, by workers that inherit the flag too',
  async (flag, app) => {
    await run([flag, 'ostinato/register', app]);
    expect(orders()).toEqual({ main: 3, 'inherits the flag': 5 });
    expect(services()).toEqual(new Set(['shop']));
  },
);

test('NODE_OPTIONS reaches workers with execArgv: [] as well', async () => {
  await run(['registered.mjs'], { NODE_OPTIONS: '--import ostinato/register' });
  expect(orders()).toEqual({ main: 3, 'inherits the flag': 5, 'execArgv: []': 5 });
});

test('OTEL_SDK_DISABLED=true turns it off', async () => {
  await run(['--import', 'ostinato/register', 'registered.mjs'], { OTEL_SDK_DISABLED: 'true' });
  expect(collector.accepted).toEqual([]);
});

test('where metrics cannot be started the application runs, and it is said why', async () => {
  const stderr = await run([
    '--import',
    './own-recorder.mjs',
    '--import',
    'ostinato/register',
    'registered.mjs',
  ]);
  expect(stderr).toContain(
    '[OSTINATO_RECORDER_ALREADY_INSTALLED] OstinatoWarning: ostinato/register: metrics are off.',
  );
  expect(collector.accepted).toEqual([]);
});
