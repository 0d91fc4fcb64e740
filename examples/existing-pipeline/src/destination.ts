import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { startCollector } from '@ostinato/testing';

/** Where an example exports to. */
export interface Destination {
  readonly endpoint: string;
  /** Says what arrived, where that can be known. */
  end(): Promise<void>;
}

/** What `OTEL_EXPORTER_OTLP_ENDPOINT` says, or else a collector in this process, which shows what it was sent. */
export async function openDestination(): Promise<Destination> {
  const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint !== undefined) {
    // Stock exporters and readers say here what went wrong, and nowhere else.
    diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
    return { endpoint, end: async () => console.log(`the endpoint was ${endpoint}`) };
  }
  const collector = await startCollector();
  return {
    endpoint: collector.endpoint,
    async end() {
      const newest = new Map(collector.points().map((point) => [point.series, point]));
      for (const { scope, metric, attributes, type, value, count, sum } of newest.values()) {
        const labels = Object.entries(attributes).map(([name, text]) => `${name}=${text}`);
        const shown = type === 'sum' || type === 'gauge' ? value : `${count} samples, ${sum} in all`;
        console.log(`${`${metric}{${labels}}`.padEnd(44)} ${`${shown}`.padEnd(24)} from ${scope.name}`);
      }
      for (const { metric, exemplars } of collector.points()) {
        for (const { value, traceId, spanId } of exemplars) {
          console.log(`exemplar of ${metric}: ${value} in trace ${traceId}, span ${spanId}`);
        }
      }
      await collector.stop();
    },
  };
}
