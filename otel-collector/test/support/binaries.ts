import { join } from 'node:path';

/** `otelcol`, `prometheus` or `promtool`, as `npm run test:collector` built it. */
export function binary(name: 'otelcol' | 'prometheus' | 'promtool'): string {
  const folder = process.env.OSTINATO_COLLECTOR_BINARIES;
  if (folder === undefined) throw new Error('run these tests by npm run test:collector');
  return join(folder, name);
}
