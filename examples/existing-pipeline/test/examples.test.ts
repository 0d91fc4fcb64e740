import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCollector } from '@ostinato/testing';

async function run(name: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { PATH, HOME } = process.env;
  const script = join(__dirname, '../dist', `${name}.js`);
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env: { PATH, HOME, ...env } });
  return stdout.split('\n').map((line) => line.replace(/ {2,}/g, '  ').trimEnd());
}

test('producer: the recorder arrives beside the stock instruments', async () => {
  expect(await run('producer')).toEqual(
    expect.arrayContaining([
      'your.counter{}  1  from yours',
      'orders.waiting{}  4  from ostinato',
      'orders{customer=customer-0,kind=wholesale}  4  from ostinato',
      'order.duration{kind=retail}  8 samples, 48 in all  from ostinato',
    ]),
  );
});

test.each(['exporter', 'delivery'])('%s: stock instruments arrive, and the account says so', async (name) => {
  const lines = await run(name);
  expect(lines).toEqual(
    expect.arrayContaining(['orders{kind=retail}  8  from yours', 'orders{kind=wholesale}  4  from yours']),
  );
  expect(lines.join()).toMatch(/delivered: 2,.*dropped: 0,/);
});

test('bridge: views drop an attribute and rename a histogram', async () => {
  expect(await run('bridge')).toEqual(
    expect.arrayContaining([
      'orders{kind=retail}  8  from ostinato',
      'orders{kind=wholesale}  4  from ostinato',
      'shop.order.duration{kind=retail}  8 samples, 48 in all  from ostinato',
    ]),
  );
});

test('node-sdk: an exemplar of a metric leads to the span in which it was recorded', async () => {
  const lines = await run('node-sdk');
  expect(lines).toContain('order.duration{kind=retail}  2 samples, 8 in all  from ostinato');
  const wholesale = lines.find((line) => line.startsWith('span order wholesale: '));
  const ids = wholesale?.split(': ')[1];
  expect(ids).toMatch(/^trace [0-9a-f]{32}, span [0-9a-f]{16}$/);
  expect(lines).toContain(`exemplar of order.duration: 4 in ${ids}`);
});

test.each(['producer', 'exporter', 'delivery', 'bridge', 'node-sdk'])(
  '%s exports to where it is told',
  async (name) => {
    const collector = await startCollector();
    const lines = await run(name, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    expect(lines).toContain(`the endpoint was ${collector.endpoint}`);
    expect(collector.points().map(({ metric }) => metric)).toContain('orders');
    await collector.stop();
  },
);
