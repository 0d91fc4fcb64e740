import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from '@ostinato/testing';
import { type ServiceName, ServiceProcess } from '../fork.ts';
import { add, settle } from './account.ts';
import { Load } from './load.ts';
import { Observer } from './scene.ts';
import type { Screen } from './screen.ts';
import { correlate, Traces } from './traces.ts';

const CUSTOMERS = 8;
/** How the time is spent; all of it in milliseconds. */
const BEFORE = 6_000;
const AWAY = 9_000;
const AFTER = 6_000;
/** How long the log may take to empty after that. */
const PATIENCE = 20_000;
const FRAME = 100;
const SECOND = 1000;

export interface DemoOptions {
  /** Goes on after the outage until it is interrupted. */
  readonly keep: boolean;
  readonly screen: Screen;
  /** Ends it early: with an account if it was kept running, without otherwise. */
  readonly interrupted: AbortSignal;
}

/** Runs the demo; resolves with whether everything recorded was delivered, once, and its exemplars are of the orders' traces. */
export async function runDemo({ keep, screen, interrupted }: DemoOptions): Promise<boolean> {
  const undo: (() => unknown)[] = [];
  const failure = new AbortController();
  const signal = AbortSignal.any([interrupted, failure.signal]);
  const pause = (millis: number) => sleep(millis, undefined, { signal });
  try {
    const directory = mkdtempSync(join(tmpdir(), 'ostinato-demo-'));
    const remove = () => rmSync(directory, { recursive: true, force: true });
    undo.push(remove);
    // For an end that does not wait for the steps of `undo`: the services first, then what they write to.
    process.once('exit', remove);
    const collector = await startCollector();
    undo.push(() => collector.stop());

    const env = environment(collector.port, directory);
    let observer: Observer | undefined;
    const begin = async (name: ServiceName, more: NodeJS.ProcessEnv) => {
      const { service, url } = await ServiceProcess.start(name, { ...env, ...more }, (line) => {
        if (!line.startsWith('ostinato ')) return;
        observer?.said.set(name, line.replace(/^ostinato \w+: /, ''));
        screen.event(observer?.elapsed ?? 0, `${name}: ${line}`);
      });
      undo.push(() => service.stop());
      process.prependOnceListener('exit', () => service.kill());
      service.onUnexpectedEnd((error) => failure.abort(error));
      return { service, url };
    };
    const payments = await begin('payment-service', {});
    const orders = await begin('order-service', { PAYMENT_URL: payments.url });
    const services = [orders.service, payments.service];

    const traces = new Traces();
    const load = new Load(orders.url, CUSTOMERS, traces);
    undo.push(() => load.stop());
    const watching = new Observer(load, collector, services, directory);
    observer = watching;
    for (const [millis, act] of [
      [FRAME, () => screen.show(watching.look())],
      [SECOND, () => watching.nextSecond()],
    ] as const) {
      const timer = setInterval(act, millis);
      undo.push(() => clearInterval(timer));
    }
    const event = (text: string) => {
      watching.note = text;
      screen.event(watching.elapsed, text);
    };
    screen.event(0, `the services send their metrics to ${env.OTEL_EXPORTER_OTLP_ENDPOINT}`);
    event(`${CUSTOMERS} customers order at ${orders.url}`);

    await pause(BEFORE);
    event('the collector is taken away');
    collector.vanish();
    const from = Date.now();
    watching.collectorLeft();
    await pause(AWAY);
    event('the collector is back, on the same port');
    const away = { from, to: Date.now() };
    await collector.comeBack();
    watching.collectorCameBack();
    await pause(AFTER);
    if (keep) {
      event('running until Ctrl-C');
      await pause(2 ** 31 - 1).catch(() => failure.signal.throwIfAborted());
    }

    event('the customers leave, the services finish what they have');
    await load.stop();
    const deadline = performance.now() + PATIENCE;
    while (watching.look().logBytes > 0 && performance.now() < deadline) await sleep(FRAME);
    const codes = [await orders.service.stop(), await payments.service.stop()];
    screen.show(watching.look());
    const account = settle(add(...services.map(({ tally }) => tally)), collector.ledger);
    const correlation = correlate(collector.points(), traces, away);
    screen.account(account, correlation);
    const balanced = account.lost === 0 && account.surplus === 0;
    const correlated = correlation.exemplars > 0 && correlation.strange === 0;
    return balanced && correlated && codes.every((code) => code === 0);
  } catch (error) {
    failure.signal.throwIfAborted();
    throw error;
  } finally {
    for (const step of undo.reverse()) await step();
    screen.close();
  }
}

/** Services that know this collector and write below this directory, whatever else the user's shell says. */
function environment(collectorPort: number, directory: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_'));
  return {
    ...Object.fromEntries(own),
    OTEL_EXPORTER_OTLP_ENDPOINT: `grpc://127.0.0.1:${collectorPort}`,
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    XDG_STATE_HOME: directory,
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    ORDER_PORT: '0',
    PAYMENT_PORT: '0',
  };
}
