import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { OtlpMetricExporterOptions } from '../../src/config/options.ts';
import { resolveConfig } from '../../src/config/resolve.ts';

function resolve(options: object = {}, env: Record<string, string> = {}) {
  const warnings: string[] = [];
  const config = resolveConfig(options as OtlpMetricExporterOptions, env, (text) => warnings.push(text));
  return { config, warnings };
}

describe('the defaults', () => {
  test('are those of the specification', () => {
    const { config, warnings } = resolve();
    expect(config.endpoint).toMatchObject({
      text: 'http://localhost:4317',
      target: 'localhost:4317',
      secure: false,
    });
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      endpoint: 'http://localhost:4317',
      headers: {},
      secure: false,
      compression: 'none',
      timeoutMillis: 10_000,
      temporality: 'cumulative',
      histogramAggregation: 'explicit_bucket_histogram',
      zeroPoint: true,
      retry: { initialMillis: 1000, maxMillis: 3000 },
      memory: { maxBytes: 16 * 1024 * 1024, maxPoints: 1_000_000, maxAgeMillis: 86_400_000 },
      acceptMillis: 1000,
      flushMillis: 5000,
    });
    expect(config.fallback).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test('of the fallback log', () => {
    expect(resolve({ fallback: { directory: '/d' } }).config.fallback).toEqual({
      directory: '/d',
      durability: 'outage',
      fsync: 'batch',
      maxBytes: 512 * 1024 * 1024,
      maxAgeMillis: 86_400_000,
    });
    expect(resolve({ fallback: false }).config.fallback).toBeUndefined();
  });
});

describe('the endpoint', () => {
  test.each([
    ['http://collector:4317', 'collector:4317', false],
    ['https://collector:4317', 'collector:4317', true],
    ['grpc://otel-collector:4317', 'otel-collector:4317', false],
    ['grpcs://collector:4317', 'collector:4317', true],
    ['http://collector', 'collector:4317', false],
    ['https://collector', 'collector:443', true],
    ['http://collector:80/', 'collector:80', false],
    ['HTTP://[::1]:4317', '[::1]:4317', false],
    ['collector:4317', 'collector:4317', true],
    ['localhost', 'localhost:4317', true],
    ['unix:/run/otel.sock', 'unix:/run/otel.sock', false],
    ['unix:///run/otel.sock', 'unix:/run/otel.sock', false],
  ])('%s', (endpoint, target, secure) => {
    expect(resolve({ endpoint }).config.endpoint).toMatchObject({ target, secure });
    expect(resolve({ url: endpoint }).config.endpoint).toMatchObject({ target, secure });
    expect(resolve({}, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).config.endpoint).toMatchObject({
      target,
      secure,
    });
  });

  test('without a scheme INSECURE=true means plaintext; a scheme wins over it', () => {
    const env = { OTEL_EXPORTER_OTLP_INSECURE: ' TRUE ' };
    expect(resolve({ endpoint: 'collector:4317' }, env).config.endpoint.secure).toBe(false);
    expect(resolve({ endpoint: 'https://collector:4317' }, env).config.endpoint.secure).toBe(true);
  });

  test.each([
    'ftp://collector:4317',
    'http://',
    '',
    'http://collector:99999',
    'collector:port',
    'unix:relative',
    4317,
    null,
  ])('refuses %p, saying what is allowed', (endpoint) => {
    expect(() => resolve({ endpoint })).toThrow(
      expect.objectContaining({
        code: 'OSTINATO_INVALID_OPTION',
        message: expect.stringMatching(/^OtlpMetricExporter: endpoint must be http:.*grpc:/),
      }),
    );
  });

  test.each([
    'http://me:hunter2@collector:4317?token=abc',
    'http://me:pass/hunter2@collector:4317',
    'me:pass/hunter2@collector',
    'http://me:p@ss/hunter2@collector:4317',
    ['http://me:hunter2@collector:4317'],
  ])('a user and password in it are refused, and not repeated: %#', (endpoint) => {
    expect(() => resolve({ endpoint })).toThrow(
      expect.objectContaining({
        code: 'OSTINATO_INVALID_OPTION',
        message: expect.not.stringMatching(/hunter2|abc|pass/),
      }),
    );
  });

  test('a path is ignored with a warning', () => {
    const { config, warnings } = resolve({ endpoint: 'http://collector:4318/v1/metrics?x=1' });
    expect(config.endpoint.target).toBe('collector:4318');
    expect(warnings).toEqual([expect.stringContaining('/v1/metrics')]);
  });

  test('endpoint and url together must agree', () => {
    expect(() => resolve({ endpoint: 'http://a', url: 'http://b' })).toThrow(/two names of one option/);
  });
});

describe('precedence', () => {
  test.each([
    ['COMPRESSION', 'compression', 'none', 'gzip', 'none', 'gzip'],
    ['TIMEOUT', 'timeoutMillis', '1', '2', 1, 2],
  ])(
    '%s: code, then the signal, then the general variable',
    (variable, option, code, general, metrics, generalValue) => {
      const both = {
        [`OTEL_EXPORTER_OTLP_METRICS_${variable}`]: code,
        [`OTEL_EXPORTER_OTLP_${variable}`]: general,
      };
      const read = (options: object, env: Record<string, string>) =>
        (resolve(options, env).config as unknown as Record<string, unknown>)[option];
      expect(read({ [option]: generalValue }, both)).toBe(generalValue);
      expect(read({}, both)).toBe(metrics);
      expect(read({}, { [`OTEL_EXPORTER_OTLP_${variable}`]: general })).toBe(generalValue);
    },
  );

  test('headers merge name by name, and metadata wins', () => {
    const metadata = new Metadata();
    metadata.set('d', 'metadata');
    const { config } = resolve(
      { headers: { C: 'code', D: 'code' }, metadata },
      {
        OTEL_EXPORTER_OTLP_HEADERS: 'a=general, b=general,c=general',
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'b=signal%20x, c=signal',
      },
    );
    expect(config.headers.getMap()).toEqual({ a: 'general', b: 'signal x', c: 'code', d: 'metadata' });
  });

  test('an unusable value of the signal warns, and the general one counts', () => {
    const { config, warnings } = resolve(
      {},
      { OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: 'soon', OTEL_EXPORTER_OTLP_TIMEOUT: '7' },
    );
    expect(config.timeoutMillis).toBe(7);
    expect(warnings).toEqual([expect.stringContaining('OTEL_EXPORTER_OTLP_METRICS_TIMEOUT is ignored')]);
  });
});

describe('the environment never throws', () => {
  test.each([
    'ENDPOINT',
    'TIMEOUT',
    'COMPRESSION',
    'HEADERS',
    'INSECURE',
    'CERTIFICATE',
    'TEMPORALITY_PREFERENCE',
    'DEFAULT_HISTOGRAM_AGGREGATION',
  ])('OTEL_EXPORTER_OTLP_METRICS_%s', (name) => {
    const { config, warnings } = resolve(
      {},
      { [`OTEL_EXPORTER_OTLP_METRICS_${name}`]: '%%nonsense hunter2' },
    );
    expect(config.endpoint.text).toBe('http://localhost:4317');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('hunter2');
  });

  test('blank is unset', () => {
    const { warnings } = resolve({}, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ', OTEL_EXPORTER_OTLP_TIMEOUT: '' });
    expect(warnings).toEqual([]);
  });
});

describe('temporality and aggregation', () => {
  test.each([
    ['delta', 'delta'],
    ['cumulative', 'cumulative'],
    ['lowmemory', 'lowmemory'],
    [0, 'delta'],
    [1, 'cumulative'],
    [2, 'lowmemory'],
  ])('%p', (temporalityPreference, expected) => {
    expect(resolve({ temporalityPreference }).config.temporality).toBe(expected);
  });

  test('from the environment, in any case, for metrics only', () => {
    const { config } = resolve(
      {},
      {
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'LowMemory',
        OTEL_EXPORTER_OTLP_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram',
      },
    );
    expect(config.temporality).toBe('lowmemory');
    expect(config.histogramAggregation).toBe('explicit_bucket_histogram');
  });
});

describe('what code gives is refused with option, value and what is allowed', () => {
  test.each([
    [{ timeoutMillis: 0 }, /^OtlpMetricExporter: timeoutMillis must be a number from 1 to \d+, got 0$/],
    [{ timeoutMillis: '10' }, /timeoutMillis .*got '10'$/],
    [{ compression: 'br' }, /compression must be one of 'none', 'gzip', got 'br'$/],
    [{ temporalityPreference: 3 }, /temporalityPreference must .*got 3$/],
    [{ acceptMillis: Number.NaN }, /acceptMillis must .*got NaN$/],
    [
      { retry: { initialMillis: 10, maxMillis: 5 } },
      /retry.initialMillis \(at most retry.maxMillis\) must .* to 5, got 10$/,
    ],
    [{ memory: { maxBytes: -1 } }, /memory.maxBytes must .*got -1$/],
    [{ fallback: true }, /: fallback must be false or an object with a directory, got true$/],
    [{ fallback: '/d' }, /: fallback must be false or an object with a directory, got '\/d'$/],
    [{ headers: { authorization: undefined } }, /headers\["authorization"\] must be a text, got undefined$/],
    [{ headers: new Map([['authorization', 'x']]) }, /headers must be a plain object of strings/],
    [{ headers: new Headers({ authorization: 'x' }) }, /headers must be a plain object of strings/],
    [{ headers: ['authorization=x'] }, /headers must be a plain object of strings.*not shown/],
    [{ fallback: {} }, /fallback.directory must be the path of a directory, got undefined$/],
    [
      { fallback: { directory: '/d', durability: 'never' } },
      /fallback.durability must be one of 'outage', 'always', got 'never'/,
    ],
    [{ credentials: {} }, /credentials must be ChannelCredentials.*not shown/],
    [{ metadata: { a: 'b' } }, /metadata must be a Metadata.*not shown/],
    [{ timeoutMilis: 1 }, /there is no option 'timeoutMilis'; did you mean 'timeoutMillis'\?/],
    [{ Endpoint: 'http://x' }, /'Endpoint'; did you mean 'endpoint'\?/],
    [{ fallback: { dir: '/d', directory: '/d' } }, /there is no option 'fallback.dir' /],
    [{ aggregationPreference: 1 }, /there is no option 'aggregationPreference'/],
  ])('%p', (options, message) => {
    expect(() => resolve(options)).toThrow(
      expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  test('undefined is as absent', () => {
    expect(
      resolve({ endpoint: undefined, timeoutMillis: undefined, fallback: undefined }).config.timeoutMillis,
    ).toBe(10_000);
  });

  test('concurrencyLimit is ignored with a warning', () => {
    expect(resolve({ concurrencyLimit: 5 }).warnings).toEqual([expect.stringContaining('concurrencyLimit')]);
  });
});

test.each(['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'])(
  '%s other than grpc is ignored with a warning',
  (variable) => {
    expect(resolve({}, { [variable]: 'grpc' }).warnings).toEqual([]);
    expect(resolve({}, { [variable]: 'http/protobuf' }).warnings).toEqual([
      expect.stringMatching(`${variable} is ignored: it must be grpc`),
    ]);
  },
);

describe('secrets', () => {
  const token = 'hunter2';

  test('are shown by no way of printing a config', () => {
    const { config } = resolve({
      endpoint: 'https://c:1',
      headers: { authorization: token },
      credentials: ChannelCredentials.createSsl(),
    });
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9 }),
      inspect({ ...config }, { depth: 9 }),
      String(config),
    ];
    expect(printed.join()).not.toContain(token);
    expect(JSON.stringify(config)).toContain('"authorization":"***"');
  });

  test.each([
    [{ authorization: `${token}\r\nx: y` }],
    [{ authorization: [token] }],
    [{ 'bad name': token }],
    [{ 'x-bin': token }],
  ])('are not in the error about a header %#', (headers) => {
    expect(() => resolve({ headers })).toThrow(
      expect.objectContaining({
        code: 'OSTINATO_INVALID_OPTION',
        message: expect.not.stringContaining(token),
      }),
    );
  });

  test('in plaintext beyond this machine are worth a warning', () => {
    const headers = { authorization: token, 'x-tenant': 'a' };
    expect(resolve({ endpoint: 'http://collector:4317', headers }).warnings).toEqual([
      expect.stringMatching(/plaintext.*authorization;/),
    ]);
    for (const endpoint of [
      'http://localhost:4317',
      'http://127.0.0.1:1',
      'http://[::1]',
      'unix:/s',
      'https://c',
    ]) {
      expect(resolve({ endpoint, headers }).warnings).toEqual([]);
    }
  });
});

describe('TLS', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'ostinato-config-'));
    writeFileSync(join(directory, 'pem'), '-----BEGIN NOTHING-----');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('plaintext with a client certificate is an error', () => {
    const pem = join(directory, 'pem');
    expect(() => resolve({ endpoint: 'http://c:1', tls: { cert: pem, key: pem } })).toThrow(/plaintext/);
    const env = { OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: pem, OTEL_EXPORTER_OTLP_CLIENT_KEY: pem };
    expect(() => resolve({ endpoint: 'http://c:1' }, env)).toThrow(/plaintext/);
  });

  test('a certificate and its key need each other', () => {
    expect(() => resolve({ endpoint: 'https://c:1', tls: { cert: join(directory, 'pem') } })).toThrow(
      /tls.cert and tls.key need each other/,
    );
  });

  test('a file that cannot be read is an error from code, a warning from the environment', () => {
    const missing = join(directory, 'missing');
    expect(() => resolve({ endpoint: 'https://c:1', tls: { ca: missing } })).toThrow(
      /tls.ca: the file cannot be read/,
    );
    const { warnings } = resolve({ endpoint: 'https://c:1' }, { OTEL_EXPORTER_OTLP_CERTIFICATE: missing });
    expect(warnings).toEqual([expect.stringContaining('OTEL_EXPORTER_OTLP_CERTIFICATE')]);
  });

  test('half a client certificate, or files that hold none, are only worth a warning from the environment', () => {
    const pem = join(directory, 'pem');
    for (const variable of ['CLIENT_KEY', 'CERTIFICATE']) {
      const { config, warnings } = resolve(
        { endpoint: 'https://c:1' },
        { [`OTEL_EXPORTER_OTLP_${variable}`]: pem },
      );
      expect(config.secure).toBe(true);
      expect(warnings).toEqual([expect.stringMatching(/^the TLS files .* are ignored/)]);
    }
  });

  test('texts that are no certificates are refused at once, and not shown', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n';
    expect(() => resolve({ endpoint: 'https://c:1', tls: { ca: pem, cert: pem, key: pem } })).toThrow(
      expect.objectContaining({
        code: 'OSTINATO_INVALID_OPTION',
        message: expect.not.stringContaining('hunter2'),
      }),
    );
  });
});

describe('a callback for headers', () => {
  const ask = async (options: object, env: Record<string, string> = {}, unauthenticated = false) => {
    const { config } = resolve(options, env);
    return (await config.askHeaders?.({ unauthenticated }))?.getMap();
  };

  test('adds to the environment, and metadata wins over it', async () => {
    const metadata = new Metadata();
    metadata.set('c', 'metadata');
    const headers = async () => ({ B: 'callback', c: 'callback' });
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'a=env,b=env' };
    expect(await ask({ headers, metadata }, env)).toEqual({ a: 'env', b: 'callback', c: 'metadata' });
  });

  test('may be synchronous, and is told why it is asked', async () => {
    const headers = ({ unauthenticated }: { unauthenticated: boolean }) => ({ why: String(unauthenticated) });
    expect(await ask({ headers }, {}, true)).toEqual({ why: 'true' });
  });

  test.each([
    [() => undefined, {}],
    [() => ({ a: 's3cret\n' }), /headers\["a"\] must be a header with a value of printable ASCII/],
    [() => new Map(), /headers must be a plain object of strings/],
    [() => 's3cret', /headers must be a plain object of strings/],
  ])('%#: what it gives is checked, and its values are not shown', async (headers, expected) => {
    const asked = ask({ headers });
    if (!(expected instanceof RegExp)) return expect(await asked).toEqual(expected);
    const error = await asked.then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(expected);
    expect(inspect(error)).not.toContain('s3cret');
  });

  test('over plaintext beyond this machine: a warning', () => {
    const headers = () => ({});
    expect(resolve({ endpoint: 'http://collector', headers }).warnings).toEqual([
      expect.stringMatching(/plaintext.*the header that the callback gives/),
    ]);
    expect(resolve({ headers }).warnings).toEqual([]);
  });
});
