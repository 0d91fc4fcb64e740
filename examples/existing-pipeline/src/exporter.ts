// Your instruments, your views, your reader: only the exporter is ours, and an outage of the collector loses nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { openDestination } from './destination.ts';

const destination = await openDestination();
// In a service this is a directory that outlives the process, such as /var/lib/shop/metrics.
const directory = mkdtempSync(join(tmpdir(), 'shop-metrics-'));
const exporter = new OtlpMetricExporter({ endpoint: destination.endpoint, fallback: { directory } });
const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });

const orders = provider.getMeter('yours').createCounter('orders', { unit: '{order}' });
for (let i = 1; i <= 12; i++) orders.add(1, { kind: i % 3 === 0 ? 'wholesale' : 'retail' });
await provider.shutdown();
await destination.end();
console.log(exporter.status().account);
rmSync(directory, { recursive: true });
