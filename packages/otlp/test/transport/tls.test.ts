import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, type CollectorOptions, startCollector } from '@ostinato/testing';
import { OtlpMetricExporter } from '../../src/exporter.ts';
import { GrpcTransport } from '../../src/transport/grpc.ts';
import { readPem, TlsCredentials } from '../../src/transport/tls.ts';
import { until } from '../support/delivered.ts';
import { batchOf } from '../support/rig.ts';

const fixture = (name: string) => join(__dirname, '../fixtures/tls', `${name}.pem`);
const pem = (name: string) => readFileSync(fixture(name), 'utf8');

let directory: string;
const path = (name: string) => join(directory, `${name}.pem`);
const place = (name: string, as: string) => copyFileSync(fixture(name), path(as));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ostinato-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('files of certificates', () => {
  const warnings: string[] = [];
  const credentials = () => {
    warnings.length = 0;
    const sources = { ca: pem('ca'), cert: path('cert'), key: path('key') };
    const pems = { ca: readPem(sources.ca), cert: readPem(sources.cert), key: readPem(sources.key) };
    return new TlsCredentials(sources, pems, (text) => warnings.push(text));
  };
  beforeEach(() => {
    place('client', 'cert');
    place('client.key', 'key');
  });

  test('that did not change are the same credentials', async () => {
    const one = credentials();
    const { current } = one;
    expect(await one.refresh()).toBe(false);
    expect(one.current).toBe(current);
  });

  test('that changed are new ones, once', async () => {
    const one = credentials();
    const { current } = one;
    place('stranger', 'cert');
    place('stranger.key', 'key');
    expect(await one.refresh()).toBe(true);
    expect(one.current).not.toBe(current);
    expect(await one.refresh()).toBe(false);
    expect(warnings).toEqual([]);
  });

  test('that are written one by one: the old credentials stay until both are there, and nothing is said', async () => {
    const one = credentials();
    const { current } = one;
    place('stranger', 'cert');
    expect(await one.refresh()).toBe(false);
    expect(one.current).toBe(current);
    place('stranger.key', 'key');
    expect(await one.refresh()).toBe(true);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['disappear', () => rmSync(path('key')), /ENOENT/],
    ['are no certificates', () => writeFileSync(path('cert'), 'nonsense'), /not usable/],
    ['do not belong together', () => place('stranger', 'cert'), /not usable.*mismatch/],
  ])('that %s: the old ones stay, and it is said once', async (_, spoil, text) => {
    const one = credentials();
    const { current } = one;
    spoil();
    for (let i = 0; i < 4; i++) expect(await one.refresh()).toBe(false);
    expect(one.current).toBe(current);
    expect(warnings).toEqual([expect.stringMatching(text)]);
  });
});

describe('certificates renewed while a service runs', () => {
  let collector: Collector;
  let exporter: OtlpMetricExporter;
  let later = 0;
  const said: string[] = [];
  const server = { cert: pem('server'), key: pem('server.key') };

  const start = async (tls: object, options: CollectorOptions['tls'] = server) => {
    said.length = 0;
    later = 0;
    collector = await startCollector({ tls: options });
    exporter = new OtlpMetricExporter(
      { endpoint: `https://localhost:${collector.port}`, tls, acceptMillis: 50 },
      {
        env: {},
        logger: { info: (text) => said.push(text), warn: (text) => said.push(text) },
        connect: ({ endpoint: { target }, credentials, headers, compression }) =>
          new GrpcTransport({
            target,
            credentials,
            metadata: headers,
            compression,
            now: () => Date.now() + later,
          }),
      },
    );
  };
  const send = (id: string) => new Promise((resolve) => exporter.export(batchOf([id]), resolve));
  const delivered = (points: number) => until(() => exporter.status().account.delivered === points);
  afterEach(async () => {
    await exporter.shutdown();
    await collector.stop();
  });

  test('an authority that comes to be trusted: what waited is delivered', async () => {
    place('other-ca', 'ca');
    await start({ ca: path('ca') });
    await send('a');
    expect(exporter.status().account).toMatchObject({ delivered: 0, queued: 1 });
    place('ca', 'ca');
    later += 10_000;
    await delivered(1);
    expect(collector.ledger.points).toBe(1);
  });

  test('a client certificate: the next request goes over a new connection, and nothing is lost or sent twice', async () => {
    place('client', 'cert');
    place('client.key', 'key');
    await start(
      { ca: pem('ca'), cert: path('cert'), key: path('key') },
      { ...server, clientCa: `${pem('ca')}${pem('other-ca')}` },
    );
    await send('a');
    await send('b');
    expect(collector.connections.made).toBe(1);
    place('stranger', 'cert');
    place('stranger.key', 'key');
    await send('c');
    expect(collector.connections.made).toBe(1);
    later += 10_000;
    let sent = 3;
    for (; collector.connections.made < 2; sent++) await send(`${sent}`);
    await delivered(sent);
    expect(collector.requests).toHaveLength(sent);
    expect(collector.ledger.points).toBe(sent);
    expect(said).toEqual([]);
  });
});
