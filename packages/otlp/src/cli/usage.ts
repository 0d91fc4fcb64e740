/** Somebody asked for what cannot be done: the text says what can. */
export class UsageError extends Error {}

export const HELP = `Reads and delivers the fallback log of @ostinato/otlp.

usage: npx @ostinato/otlp log COMMAND DIR [options]

commands
  ls DIR       whose lines there are, and what waits in them
  show DIR     what waits, request by request
  verify DIR   checks checksums, order and cursors; exits with 1 if something is wrong
  replay DIR   delivers what processes left that have ended, in order

DIR is the directory of a fallback log: fallback.directory, by default
$XDG_STATE_HOME/ostinato/<service> or ~/.local/state/ostinato/<service>.
A log whose process is alive is read, and never changed: its process delivers it.

ls, show, verify
  --json                 for programs: one JSON object (show: one OTLP JSON object a line)
show
  --rejected             what was refused for good, and why, instead of what waits
  --line ID              only the line whose id begins so
  --limit N              only the first N requests
replay
  --rejected             delivers also what was refused for good
  --endpoint URL         as the option and OTEL_EXPORTER_OTLP_ENDPOINT
  --header NAME=VALUE    as often as needed
  --compression KIND     gzip or none
  --timeout MILLIS       of one attempt
  --ca, --cert, --key FILE
                         for TLS
  --give-up SECONDS      stop when nothing was delivered for so long (default 60); the rest stays in the log
  Without these, the OTEL_EXPORTER_OTLP_* variables count, and then the exporter's defaults.

exit status: 0 all well; 1 something is wrong, was refused, or is left; 2 the command cannot be understood
`;
