// An OTLP/gRPC receiver in a process of its own that counts bytes and looks at nothing.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { OtlpMetricExporter } from '@ostinato/otlp';

export const EXPORT_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const EXPORT = {
  path: EXPORT_PATH,
  requestStream: false,
  responseStream: false,
  requestDeserialize: (bytes) => bytes,
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
};

/** Starts one. `port` to have it where another was. */
export async function sink({ port = 0 } = {}) {
  const child = fork(fileURLToPath(import.meta.url), [String(port)], { execArgv: [] });
  const listening = await new Promise((resolve) => child.once('message', resolve));
  const endpoint = `http://127.0.0.1:${listening.port}`;
  return {
    port: listening.port,
    endpoint,
    exporter: (options) => new OtlpMetricExporter({ endpoint, ...options }),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGKILL');
      }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService({ export: EXPORT }, { export: (_, reply) => reply(null, Buffer.alloc(0)) });
  server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.send({ port });
  });
  process.on('disconnect', () => process.exit());
}
