import * as api from '@opentelemetry/api';
import * as exporterOtlpGrpc from '@opentelemetry/exporter-metrics-otlp-grpc';
import * as resources from '@opentelemetry/resources';
import * as sdkMetrics from '@opentelemetry/sdk-metrics';

export { api, exporterOtlpGrpc, resources, sdkMetrics };
