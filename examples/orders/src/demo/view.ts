import type { Account, Row } from './account.ts';
import type { Delivery, Scene } from './scene.ts';
import { bytes, integer, millis, type Paint, type Style, seconds, sparkline } from './text.ts';
import type { Correlation } from './traces.ts';

const STYLE_OF: Readonly<Record<Delivery, Style>> = {
  starting: 'dim',
  delivering: 'green',
  'writing to the log': 'yellow',
  'replaying the log': 'cyan',
};

const LABEL = 16;
const GRAPH = 44;

/** The live picture, line by line. */
export function picture(scene: Scene, paint: Paint): string[] {
  const row = (label: string, text: string) => ` ${paint('dim', label.padEnd(LABEL))}${text}`;
  const graph = (label: string, style: Style, values: readonly number[], text: string) =>
    row(label, `${paint(style, sparkline(values, GRAPH))}  ${text}`);
  const { away, delivery, recorded, delivered } = scene;
  return [
    '',
    ` ${paint('bold', 'ostinato demo')}  ${seconds(scene.elapsed)}  ${paint('cyan', scene.note)}`,
    '',
    graph('orders', 'blue', scene.orders, `${integer(scene.ordersPerSecond)}/s`),
    graph('arriving', 'green', scene.arrivals, `${integer(scene.arrivals.at(-1) ?? 0)} data points/s`),
    graph('log on disk', 'yellow', scene.logSizes, bytes(scene.logBytes)),
    '',
    ...scene.quantiles.map(({ title, p50, p90, p99 }) =>
      row(title, `p50 ${millis(p50).padEnd(9)} p90 ${millis(p90).padEnd(9)} p99 ${millis(p99)}`),
    ),
    '',
    row(
      'collector',
      away === undefined ? paint('green', '● there') : paint('red', `○ away for ${seconds(away)}`),
    ),
    row('services', paint(STYLE_OF[delivery], delivery)),
    row(
      'account',
      `${integer(recorded)} orders recorded, ${integer(delivered)} delivered, ${integer(Math.max(0, recorded - delivered))} on their way`,
    ),
    '',
    ...[...scene.said].sort().map(([service, line]) => ` ${paint('dim', `${service}: ${line}`)}`),
  ];
}

/** The same moment in one plain line. */
export function plainLine({
  elapsed,
  ordersPerSecond,
  quantiles,
  away,
  delivery,
  logBytes,
  recorded,
  delivered,
}: Scene): string {
  const [orders] = quantiles;
  return [
    `[${elapsed.toFixed(1).padStart(5)} s] ${integer(ordersPerSecond)} orders/s`,
    orders === undefined ? '' : `p50 ${millis(orders.p50)}, p99 ${millis(orders.p99)}`,
    away === undefined ? 'collector there' : 'collector away',
    delivery,
    `log ${bytes(logBytes)}`,
    `${integer(recorded)} orders recorded, ${integer(delivered)} delivered`,
  ].join(' · ');
}

/** What the whole demo is about: nothing was lost, or how much. */
export function accountLines(
  { rows, duplicated, lost, surplus }: Account,
  correlation: Correlation,
  paint: Paint,
): string[] {
  const heads = ['metric', 'recorded', 'delivered', 'lost', ''];
  const table = rows.map(({ metric, unit, recorded, delivered, lost }) => [
    metric,
    integer(recorded),
    integer(delivered),
    integer(lost),
    `${unit}s`,
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...table.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i % 4 === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('   ')
      .trimEnd();
  const verdict: string[] = [];
  if (lost > 0) {
    verdict.push(paint('red', ` Lost: ${list(rows, (row) => row.lost)}.`));
  }
  if (surplus > 0) {
    verdict.push(paint('red', ` Arrived though nobody recorded it: ${list(rows, (row) => row.surplus)}.`));
  }
  if (verdict.length === 0) verdict.push(paint('green', ' Nothing was lost.'));
  return [
    '',
    ` ${paint('bold', 'The account')}: what the services counted for themselves, against what the collector received`,
    '',
    ` ${paint('dim', line(heads))}`,
    ...table.map((row) => ` ${line(row)}`),
    '',
    ` ${integer(duplicated)} data points were duplicated (sent again because an answer was lost; counted once).`,
    ...traceLines(correlation, paint),
    ...verdict,
    '',
  ];
}

/** From the metrics to the traces of the orders. */
function traceLines({ exemplars, whileAway, strange, slowest }: Correlation, paint: Paint): string[] {
  if (exemplars === 0) return [paint('red', ' No exemplar arrived.')];
  if (strange > 0) return [paint('red', ` ${integer(strange)} exemplars have a trace that no order had.`)];
  const lines = [
    ` ${integer(exemplars)} exemplars, ${integer(whileAway)} of them recorded during the outage: each has the trace id of an order.`,
  ];
  if (slowest !== undefined) {
    const { traceId, order, payment } = slowest;
    lines.push(
      ` The slowest order that both services show: ${millis(order)}, its payment ${millis(payment)}, trace ${paint('cyan', traceId)}.`,
    );
  }
  return lines;
}

function list(rows: readonly Row[], quantity: (row: Row) => number): string {
  return rows
    .filter((row) => quantity(row) > 0)
    .map((row) => `${integer(quantity(row))} ${row.unit}s of ${row.metric}`)
    .join(', ');
}
