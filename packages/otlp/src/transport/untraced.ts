import { context, createContextKey } from '@opentelemetry/api';

// The key under which @opentelemetry/core keeps it: instrumentations must not trace what carries telemetry.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Calls `run` such that instrumentations make no spans of what it does. */
export function untraced<T>(run: () => T): T {
  return context.with(context.active().setValue(SUPPRESS_TRACING, true), run);
}
