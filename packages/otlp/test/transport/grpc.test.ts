import { once } from 'node:events';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:http2';
import { type AddressInfo, connect as openSocket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import {
  type Context,
  type ContextManager,
  context,
  createContextKey,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import { type Collector, partialSuccess, silence, startCollector, status, success } from '@ostinato/testing';
import { classify } from '../../src/deliver/classify.ts';
import { GrpcTransport, type GrpcTransportOptions } from '../../src/transport/grpc.ts';
import { fixedCredentials } from '../../src/transport/tls.ts';

/** A compressed message, as gRPC frames it. */
function framed(message: Buffer): Buffer {
  const head = Buffer.of(1, 0, 0, 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
const BOMB = framed(gzipSync(Buffer.alloc(16 << 20)));
const NO_GZIP = framed(Buffer.from('text'));

describe('GrpcTransport', () => {
  let collector: Collector;
  let transport: GrpcTransport;

  const connect = (options: Partial<GrpcTransportOptions> = {}) =>
    new GrpcTransport({
      target: `127.0.0.1:${collector.port}`,
      credentials: fixedCredentials(ChannelCredentials.createInsecure()),
      metadata: new Metadata(),
      compression: 'none',
      ...options,
    });
  const send = (bytes = Uint8Array.of(1, 2, 3)) => transport.send(bytes, { timeoutMillis: 10_000 });

  beforeEach(async () => {
    collector = await startCollector();
    transport = connect();
  });
  afterEach(async () => {
    transport.close();
    await collector.stop();
  });

  test('sends the bytes as they are, and only those of the view', async () => {
    const backing = Uint8Array.of(9, 1, 2, 3, 9);
    expect(await send(backing.subarray(1, 4))).toEqual({ ok: true, rejectedPoints: 0, message: '' });
    expect([...(collector.requests[0]?.bytes ?? [])]).toEqual([1, 2, 3]);
  });

  test('reads a partial success', async () => {
    collector.respond(partialSuccess(3, 'too old'));
    expect(await send()).toEqual({ ok: true, rejectedPoints: 3, message: 'too old' });
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])(
    'reads status %i, with RetryInfo',
    async (code) => {
      collector.respond(status(code, { details: 'because', retryDelayMillis: 2500 }));
      expect(await send()).toEqual({ ok: false, code, details: 'because', retryDelayMillis: 2500 });
      collector.respond(status(code, { details: 'because' }));
      expect(await send()).toEqual({ ok: false, code, details: 'because', retryDelayMillis: undefined });
    },
  );

  test('sends headers and says who it is', async () => {
    const metadata = new Metadata();
    metadata.set('x-tenant', 'a');
    transport.close();
    transport = connect({ metadata });
    await send();
    expect(collector.requests[0]?.metadata['x-tenant']).toBe('a');
    expect(collector.requests[0]?.metadata['user-agent']).toMatch(
      /^Ostinato\/\d+\.\d+\.\d+ OTel-OTLP-Exporter-JavaScript\/\d+\.\d+\.\d+ /,
    );
  });

  describe('headers that a callback gives', () => {
    const asking = (askHeaders: GrpcTransportOptions['askHeaders']) => {
      transport.close();
      transport = connect({ askHeaders });
    };
    const tokens = (...values: string[]) => {
      const asked: boolean[] = [];
      asking(async ({ unauthenticated }) => {
        asked.push(unauthenticated);
        const metadata = new Metadata();
        metadata.set('authorization', values.shift() ?? 'none left');
        return metadata;
      });
      return asked;
    };
    const refusing = (token: string) =>
      collector.respondWith(({ metadata }) =>
        metadata.authorization === token ? status('UNAUTHENTICATED') : success(),
      );

    test('are asked for before each request', async () => {
      const asked = tokens('a', 'b');
      await send();
      await send();
      expect(collector.requests.map(({ metadata }) => metadata.authorization)).toEqual(['a', 'b']);
      expect(asked).toEqual([false, false]);
    });

    test('are asked for once more when the collector refuses them', async () => {
      const asked = tokens('expired', 'fresh');
      refusing('expired');
      expect(await send()).toMatchObject({ ok: true });
      expect(collector.requests).toHaveLength(2);
      expect(asked).toEqual([false, true]);
    });

    test('are not asked for a third time', async () => {
      const asked = tokens('expired', 'expired', 'fresh');
      refusing('expired');
      expect(await send()).toMatchObject({ ok: false, code: 16 });
      expect(asked).toEqual([false, true]);
    });

    test.each<[string, GrpcTransportOptions['askHeaders'], string]>([
      [
        'rejects',
        async () => {
          throw Object.assign(new TypeError('bearer s3cret'), { code: 'EAUTH' });
        },
        'the headers callback failed: TypeError EAUTH',
      ],
      ['rejects with nothing', () => Promise.reject(), 'the headers callback failed: undefined'],
    ])(
      'that %s: nothing is sent, no data is judged, and no text of its own is shown',
      async (_, ask, details) => {
        asking(ask);
        expect(await send()).toEqual({ ok: false, code: 14, details, retryDelayMillis: undefined });
        expect(collector.requests).toEqual([]);
      },
    );

    test('that never answers: an attempt ends at its deadline, and can be cancelled', async () => {
      asking(() => new Promise(() => {}));
      expect(await transport.send(Uint8Array.of(1), { timeoutMillis: 20 })).toMatchObject({ code: 14 });
      const controller = new AbortController();
      const attempt = transport.send(Uint8Array.of(1), { timeoutMillis: 60_000, signal: controller.signal });
      controller.abort();
      expect(await attempt).toMatchObject({ ok: false, code: 1 });
    });
  });

  test('goes through the proxy that the environment names', async () => {
    const hosts: (string | undefined)[] = [];
    const proxy = createProxy();
    proxy.on('connect', ({ url }, socket) => {
      hosts.push(url);
      const inside = openSocket(collector.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(inside).pipe(socket);
      });
      for (const one of [socket, inside]) one.on('error', () => {});
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    process.env.grpc_proxy = `http://user:s3cret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      transport.close();
      transport = connect({ target: `collector.invalid:${collector.port}` });
      expect(await send()).toMatchObject({ ok: true });
    } finally {
      delete process.env.grpc_proxy;
      transport.close();
      proxy.close();
    }
    expect(hosts).toEqual([`collector.invalid:${collector.port}`]);
  });

  test('is not traced', async () => {
    const seen: Context[] = [];
    const manager: ContextManager = {
      active: () => ROOT_CONTEXT,
      with(current, run, self, ...parameters) {
        seen.push(current);
        return run.call(self, ...parameters);
      },
      bind: (_, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager);
    try {
      await send();
    } finally {
      context.disable();
    }
    const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    expect(seen.map((current) => current.getValue(suppressed))).toEqual([true]);
  });

  test('compresses with gzip', async () => {
    const calls: { encoding: unknown; bytes: number }[] = [];
    const server = createServer((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => {
        calls.push({ encoding: request.headers['grpc-encoding'], bytes });
        response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '0' }).end();
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    transport.close();
    transport = connect({ compression: 'gzip', target: `127.0.0.1:${port}` });
    await send(new Uint8Array(10_000));
    expect(calls).toEqual([{ encoding: 'gzip', bytes: expect.any(Number) }]);
    expect(calls[0]?.bytes).toBeLessThan(200);
    transport.close();
    server.close();
  });

  test.each([
    ['an error page', 500, {}, 'sorry', 'destination'],
    ['an empty page', 200, { 'content-type': 'text/html' }, '', 'retry'],
    ['too large for a proxy', 413, {}, 'no', 'too large'],
    ['a proxy without a backend', 503, {}, '', 'retry'],
    ['a bomb', 200, { 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' }, BOMB, 'destination'],
    ['no gzip', 200, { 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' }, NO_GZIP, 'destination'],
  ])('an answer that no receiver gave costs no data: %s', async (_, status, headers, body, kind) => {
    const server = createServer((request, response) => {
      request.resume();
      response.on('error', () => {});
      request.on('end', () => response.writeHead(status, headers).end(body));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    transport.close();
    transport = connect({ target: `127.0.0.1:${(server.address() as AddressInfo).port}` });
    const attempt = await send(new Uint8Array(100));
    transport.close();
    server.close();
    expect(attempt.ok ? attempt : classify(attempt, 100)).toMatchObject({ kind });
  });

  test('an attempt can be cancelled', async () => {
    collector.respond(silence());
    const controller = new AbortController();
    const attempt = transport.send(Uint8Array.of(1), { timeoutMillis: 60_000, signal: controller.signal });
    await collector.received(1);
    controller.abort();
    expect(await attempt).toMatchObject({ ok: false, code: 1 });
  });

  test('an attempt ends at its deadline', async () => {
    collector.respond(silence());
    expect(await transport.send(Uint8Array.of(1), { timeoutMillis: 50 })).toMatchObject({
      ok: false,
      code: 4,
    });
  });

  test('says UNAVAILABLE at once where nothing listens', async () => {
    collector.vanish();
    const attempt = await send();
    expect(attempt).toMatchObject({ ok: false, code: 14 });
    expect(attempt).toHaveProperty('details', expect.stringContaining('ECONNREFUSED'));
    expect(transport.ready).toBe(false);
  });

  test('tells when the connection is back, without being asked', async () => {
    collector.vanish();
    await send();
    const ready = new Promise<void>((resolve) => transport.onReady(resolve));
    await collector.comeBack();
    await ready;
    expect(transport.ready).toBe(true);
    expect(await send()).toMatchObject({ ok: true });
  });

  test('made anew, it leaves a stuck connection behind', async () => {
    await collector.blackHole();
    expect(await transport.send(Uint8Array.of(1), { timeoutMillis: 100 })).toMatchObject({
      ok: false,
      code: 4,
    });
    const stuck = collector.connections.made;
    const ready = new Promise<void>((resolve) => transport.onReady(resolve));
    await collector.comeBack();
    transport.recreate();
    await ready;
    expect(await send()).toMatchObject({ ok: true });
    expect(collector.connections.made).toBeGreaterThan(stuck);
  });

  test('closed, it sends nothing', async () => {
    transport.close();
    expect(await send()).toMatchObject({ ok: false, code: 1 });
    transport.recreate();
    expect(collector.requests).toHaveLength(0);
  });
});
