import { once } from 'node:events';
import { createConnection } from 'node:net';
import { Client, status as codes, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { hangUp, partialSuccess, silence, status, success } from '../../src/collector/answers.ts';
import { type Collector, type CollectorOptions, startCollector } from '../../src/collector/collector.ts';
import { cert, key } from './certificate.ts';

const EXPORT = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

interface Reply {
  readonly bytes: Buffer | undefined;
  readonly error: ServiceError | undefined;
}

let collector: Collector;
const others: Collector[] = [];
const clients: Client[] = [];

beforeEach(async () => {
  collector = await startCollector();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const one of [collector, ...others.splice(0)]) await one.stop();
});

async function another(options: CollectorOptions): Promise<Collector> {
  const made = await startCollector(options);
  others.push(made);
  return made;
}

function newClient(to = collector): Client {
  const client = new Client(`127.0.0.1:${to.port}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 20,
    'grpc.enable_retries': 0,
  });
  clients.push(client);
  return client;
}

/** One with a connection of its own: clients of equal options share theirs. */
function freshClient(): Client {
  const client = new Client(`127.0.0.1:${collector.port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 20,
  });
  clients.push(client);
  return client;
}

interface SendOptions {
  readonly bytes?: Buffer;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadline?: number;
  readonly waitForReady?: boolean;
}

/** Sends one request, which can be cancelled. */
function call(client: Client, options: SendOptions = {}): { reply: Promise<Reply>; cancel: () => void } {
  const {
    bytes = Buffer.from('some bytes'),
    metadata = {},
    deadline = Infinity,
    waitForReady = false,
  } = options;
  const headers = new Metadata({ waitForReady });
  for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
  const identity = (value: Buffer) => value;
  let cancel = () => {};
  const reply = new Promise<Reply>((resolve) => {
    const made = client.makeUnaryRequest(
      EXPORT,
      identity,
      identity,
      bytes,
      headers,
      { deadline },
      (error, answer) => resolve({ error: error ?? undefined, bytes: answer }),
    );
    cancel = () => made.cancel();
  });
  return { reply, cancel };
}

function send(client: Client, options?: SendOptions): Promise<Reply> {
  return call(client, options).reply;
}

describe('answers', () => {
  test('takes everything and answers the empty partial success of the real Collector', async () => {
    const reply = await send(newClient(), { metadata: { 'x-tenant': 'blue' } });
    expect(reply.bytes?.toString('hex')).toBe('0a00');
    expect(collector.requests).toHaveLength(1);
    expect(collector.requests[0]).toMatchObject({ index: 0, connection: 0, accepted: true });
    expect(collector.requests[0]?.metadata['x-tenant']).toBe('blue');
    expect(Buffer.from(collector.requests[0]!.bytes).toString()).toBe('some bytes');
  });

  test('answers any status with its details, from now on or once', async () => {
    const client = newClient();
    collector.respondOnce(status('UNAVAILABLE', { details: 'busy' }), status(3));
    expect((await send(client)).error).toMatchObject({ code: codes.UNAVAILABLE, details: 'busy' });
    expect((await send(client)).error).toMatchObject({ code: codes.INVALID_ARGUMENT });
    expect((await send(client)).error).toBeUndefined();
    collector.respond(status('DATA_LOSS'));
    expect((await send(client)).error).toMatchObject({ code: codes.DATA_LOSS });
    expect((await send(client)).error).toMatchObject({ code: codes.DATA_LOSS });
    expect(collector.accepted.map(({ index }) => index)).toEqual([2]);
  });

  test('puts RetryInfo into grpc-status-details-bin', async () => {
    collector.respond(status('UNAVAILABLE', { details: 'no', retryDelayMillis: 1250 }));
    const { error } = await send(newClient());
    const [details] = error!.metadata.get('grpc-status-details-bin');
    // Status{1: 14, 2: "no", 3: Any{1: url, 2: RetryInfo{1: Duration{1: 1, 2: 250000000}}}}, encoded by hand.
    const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
    const duration = Buffer.from([0x08, 1, 0x10, 0x80, 0xe5, 0x9a, 0x77]);
    const retryInfo = Buffer.concat([Buffer.from([0x0a, duration.length]), duration]);
    const any = Buffer.concat([
      Buffer.from([0x0a, url.length]),
      url,
      Buffer.from([0x12, retryInfo.length]),
      retryInfo,
    ]);
    const expected = Buffer.concat([
      Buffer.from([0x08, 14, 0x12, 2]),
      Buffer.from('no'),
      Buffer.from([0x1a, any.length]),
      any,
    ]);
    expect((details as Buffer).toString('hex')).toBe(expected.toString('hex'));
  });

  test('answers a partial success with the count and the text', async () => {
    collector.respond(partialSuccess(300, 'old'));
    const { bytes } = await send(newClient());
    expect(bytes?.toString('hex')).toBe(
      Buffer.from([0x0a, 8, 0x08, 0xac, 0x02, 0x12, 3, ...Buffer.from('old')]).toString('hex'),
    );
  });

  test('a script decides per request, and may wait for the test', async () => {
    let release: (() => void) | undefined;
    collector.respondWith(async ({ index }) => {
      if (index === 0) await new Promise<void>((resolve) => (release = resolve));
      return index === 0 ? status('ABORTED') : success();
    });
    const client = newClient();
    const first = send(client);
    await collector.received(1);
    expect(collector.requests[0]?.answer).toBeUndefined();
    expect((await send(client)).error).toBeUndefined();
    release?.();
    expect((await first).error).toMatchObject({ code: codes.ABORTED });
  });

  test('a failing script shows as INTERNAL, with its error', async () => {
    collector.respondWith(() => {
      throw new Error('typo');
    });
    const { error } = await send(newClient());
    expect(error).toMatchObject({ code: codes.INTERNAL });
    expect(error?.details).toMatch(/script failed.*typo/);
  });

  test('a delayed answer comes, and the data counts although the client gave up', async () => {
    collector.respondOnce(success({ delayMillis: 20 }));
    const { reply, cancel } = call(newClient());
    await collector.received(1);
    expect(collector.accepted).toHaveLength(0);
    cancel();
    expect((await reply).error).toMatchObject({ code: codes.CANCELLED });
    await collector.until(({ accepted }) => accepted.length === 1);
  });

  test('silence leaves the call open and the connection well', async () => {
    const client = newClient();
    collector.respondOnce(silence());
    const { reply, cancel } = call(client);
    await collector.until(({ requests }) => requests[0]?.answer !== undefined);
    expect((await send(client)).error).toBeUndefined();
    expect(collector.connections).toEqual({ made: 1, open: 1 });
    cancel();
    expect((await reply).error).toMatchObject({ code: codes.CANCELLED });
    expect(collector.accepted.map(({ index }) => index)).toEqual([1]);
  });

  test('hanging up breaks the connection of that request; the data may have been kept', async () => {
    const client = newClient();
    collector.respondOnce(hangUp({ accepted: true }), hangUp());
    expect((await send(client)).error).toMatchObject({ code: codes.UNAVAILABLE });
    expect((await send(client, { waitForReady: true })).error).toMatchObject({ code: codes.UNAVAILABLE });
    expect((await send(client, { waitForReady: true })).error).toBeUndefined();
    expect(collector.accepted.map(({ index }) => index)).toEqual([0, 2]);
    expect(collector.connections.made).toBe(3);
  });

  test('refuses OK and unknown statuses, naming what it was given', () => {
    expect(() => status('OK')).toThrow(/^status: the code must be a gRPC status other than OK.* got 'OK'$/);
    expect(() => status(99)).toThrow(expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION' }));
  });
});

describe('what was kept', () => {
  // resource_metrics { scope_metrics { metrics { name: "c", sum { data_points { as_double: 2.5 }, DELTA, monotonic } } } }
  const request = (time: number) => {
    const point = Buffer.from([0x19, time, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0x04, 0x40]);
    const nest = (tag: number, ...parts: Buffer[]) => {
      const body = Buffer.concat(parts);
      return Buffer.concat([Buffer.from([tag, body.length]), body]);
    };
    const sum = nest(0x3a, nest(0x0a, point), Buffer.from([0x10, 1, 0x18, 1]));
    return nest(0x0a, nest(0x12, nest(0x12, nest(0x0a, Buffer.from('c')), sum)));
  };

  test('is decoded and added up, each distinct point once, refused requests left out', async () => {
    const client = newClient();
    await send(client, { bytes: request(1) });
    expect(collector.ledger.total('c')).toBe(2.5);
    collector.respondOnce(status('INTERNAL'));
    for (const time of [2, 2, 2]) await send(client, { bytes: request(time) });
    expect(collector.points().map(({ metric, time, value }) => `${metric} ${time} ${value}`)).toEqual([
      'c 1 2.5',
      'c 2 2.5',
      'c 2 2.5',
    ]);
    expect(collector.ledger.total('c')).toBe(5);
    expect(collector.ledger.duplicates).toBe(1);
    collector.clear();
    expect(collector.ledger.total('c')).toBe(0);
    await send(client, { bytes: request(2) });
    expect(collector.requests[0]?.index).toBe(4);
    expect(collector.ledger.total('c')).toBe(2.5);
  });
});

describe('size', () => {
  test('refuses what exceeds its limit in the words of the real Collector', async () => {
    const small = await another({ maxReceiveBytes: 100 });
    const client = newClient(small);
    expect((await send(client, { bytes: Buffer.alloc(100) })).error).toBeUndefined();
    expect((await send(client, { bytes: Buffer.alloc(101) })).error).toMatchObject({
      code: codes.RESOURCE_EXHAUSTED,
      details: 'grpc: received message larger than max (101 vs. 100)',
    });
  });

  test('the default limit is 4 MiB', async () => {
    const client = newClient();
    expect((await send(client, { bytes: Buffer.alloc(4_194_304) })).error).toBeUndefined();
    expect((await send(client, { bytes: Buffer.alloc(4_194_305) })).error).toMatchObject({
      details: 'grpc: received message larger than max (4194305 vs. 4194304)',
    });
  });
});

describe('outages', () => {
  test('a vanished collector refuses connections and comes back on its port', async () => {
    const client = newClient();
    await send(client);
    const { port } = collector;
    collector.vanish();
    await collector.until(({ connections }) => connections.open === 0);
    const [error] = (await once(createConnection(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    expect((await send(client)).error).toMatchObject({ code: codes.UNAVAILABLE });
    await collector.comeBack();
    expect(collector.port).toBe(port);
    expect((await send(client, { waitForReady: true })).error).toBeUndefined();
    expect(collector.requests).toHaveLength(2);
  });

  test('what a vanishing collector was still thinking about is neither answered nor kept', async () => {
    collector.respond(success({ delayMillis: 3_600_000 }));
    const reply = send(newClient());
    await collector.received(1);
    collector.vanish();
    expect((await reply).error).toMatchObject({ code: codes.UNAVAILABLE });
    expect(collector.accepted).toHaveLength(0);
  });

  test('an orderly restart answers running calls and then closes the connection', async () => {
    let release: (() => void) | undefined;
    collector.respondWith(async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return success();
    });
    const client = newClient();
    const running = send(client);
    await collector.received(1);
    collector.vanish({ soft: true });
    release?.();
    expect((await running).error).toBeUndefined();
    await collector.until(({ connections }) => connections.open === 0);
    expect((await send(client)).error).toMatchObject({ code: codes.UNAVAILABLE });
  });

  test('a black hole accepts connections and says nothing, not even the preface', async () => {
    await send(newClient());
    await collector.blackHole();
    const client = freshClient();
    expect((await send(client, { deadline: Date.now() + 80, waitForReady: true })).error).toMatchObject({
      code: codes.DEADLINE_EXCEEDED,
    });
    await collector.until(({ connections }) => connections.made === 2);
    expect(collector.connections.open).toBeGreaterThan(0);
    await collector.comeBack();
    expect((await send(client, { waitForReady: true })).error).toBeUndefined();
  });

  test('a frozen connection passes nothing and is not closed; a new one works', async () => {
    const client = newClient();
    await send(client);
    collector.freeze();
    expect((await send(client, { deadline: Date.now() + 50 })).error).toMatchObject({
      code: codes.DEADLINE_EXCEEDED,
    });
    expect(collector.requests).toHaveLength(1);
    expect(collector.connections.open).toBe(1);
    expect((await send(freshClient())).error).toBeUndefined();
  });

  test('says which port is taken', async () => {
    await expect(startCollector({ port: collector.port })).rejects.toThrow(
      new RegExp(`the collector cannot listen on port ${collector.port}.*EADDRINUSE`),
    );
  });
});

describe('TLS', () => {
  const to = (secure: Collector, client: ReturnType<typeof credentials.createSsl>) => {
    const made = new Client(`127.0.0.1:${secure.port}`, client, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'localhost',
    });
    clients.push(made);
    return made;
  };

  test('serves it, and goes away and comes back as ever', async () => {
    const secure = await another({ tls: { cert, key } });
    expect(secure.endpoint).toBe(`https://127.0.0.1:${secure.port}`);
    const client = to(secure, credentials.createSsl(Buffer.from(cert)));
    expect((await send(client)).error).toBeUndefined();
    expect((await send(to(secure, credentials.createInsecure()))).error).toMatchObject({
      code: codes.UNAVAILABLE,
    });
    secure.vanish();
    expect((await send(client)).error).toMatchObject({ code: codes.UNAVAILABLE });
    await secure.comeBack();
    expect((await send(client, { waitForReady: true })).error).toBeUndefined();
  });

  test('asks for a client certificate when told whose', async () => {
    const mutual = await another({ tls: { cert, key, clientCa: cert } });
    const ca = Buffer.from(cert);
    expect((await send(to(mutual, credentials.createSsl(ca)))).error).toMatchObject({
      code: codes.UNAVAILABLE,
    });
    const known = credentials.createSsl(ca, Buffer.from(key), Buffer.from(cert));
    expect((await send(to(mutual, known))).error).toBeUndefined();
  });
});

describe('waiting', () => {
  test('an unmet wait ends with an error when the collector stops', async () => {
    const wait = expect(collector.received(1)).rejects.toMatchObject({ code: 'OSTINATO_COLLECTOR_STOPPED' });
    await collector.stop();
    await wait;
  });

  test('a throwing predicate rejects its own wait only', async () => {
    const other = collector.received(1);
    await expect(
      collector.until(() => {
        throw new Error('typo');
      }),
    ).rejects.toThrow('typo');
    await send(newClient());
    await other;
  });
});
