exports.api = require('@opentelemetry/api');
exports.exporterOtlpGrpc = require('@opentelemetry/exporter-metrics-otlp-grpc');
exports.resources = require('@opentelemetry/resources');
exports.sdkMetrics = require('@opentelemetry/sdk-metrics');
