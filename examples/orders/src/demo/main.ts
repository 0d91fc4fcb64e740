import { parseArgs } from 'node:util';
import { runDemo } from './run.ts';
import { LiveScreen, PlainScreen } from './screen.ts';

const HELP = `npm run demo [-- --keep]

Starts a collector, an order service and a payment service, and sends orders.
Takes the collector away for nine seconds, brings it back, and compares what it
received with what the services counted for themselves. Half a minute; exit
code 0 if nothing was lost. It needs no network and leaves nothing behind.

  --keep   goes on until Ctrl-C, and makes the account then
  --plain  prints lines, as it does anyway where the output is no terminal
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean' }, plain: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The first one asks for an orderly end, the second does not ask.
    process.on(signal, () => (interruption.signal.aborted ? process.exit(130) : interruption.abort()));
  }
  // Whoever read the output is gone.
  process.stdout.on('error', () => process.exit(1));
  const live = process.stdout.isTTY && !values.plain;
  const screen = live ? new LiveScreen(process.stdout) : new PlainScreen(process.stdout);
  try {
    return (await runDemo({ keep: values.keep ?? false, screen, interrupted: interruption.signal })) ? 0 : 1;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stdout.write('\nInterrupted: no account was made.\n');
    return 130;
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: NodeJS.ErrnoException) => {
    const misused = error.code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(misused ? `${error.message}\n\n${HELP}` : `\nThe demo failed: ${error.message}\n`);
    process.exitCode = misused ? 2 : 1;
  },
);
