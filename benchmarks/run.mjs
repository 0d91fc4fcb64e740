// npm run bench [-- GROUP…]: runs the groups, prints them, and writes docs/benchmarks.md when all of them ran.
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const known = readdirSync(join(here, 'cases')).map((file) => file.replace('.mjs', ''));
const asked = process.argv.slice(2);
const unknown = asked.filter((group) => !known.includes(group));
if (unknown.length > 0) {
  process.stderr.write(`no group ${unknown.join(', ')}; there are ${known.join(', ')}\n`);
  process.exit(2);
}

const page = [
  '# Benchmarks',
  '',
  'Written by `npm run bench`: one process a case, all in one run on one machine. Read the ratios, not the nanoseconds.',
  '',
  `Node ${process.version}, ${cpus()[0].model.trim()}, ${cpus().length} cores.`,
];
for (const group of asked.length > 0 ? asked : known) {
  const { cases, title, unit = 'ns/op' } = await import(`./cases/${group}.mjs`);
  const results = new Map();
  const rows = [
    ['case', `${unit} min`, 'median', 'B/op', 'against'],
    ['---', '---:', '---:', '---:', '---'],
  ];
  for (const [name, { rival }] of Object.entries(cases)) {
    const result = runCase(group, name);
    results.set(name, result);
    const against =
      rival === undefined ? '' : `${(results.get(rival).min / result.min).toFixed(1)}x of ${rival}`;
    rows.push([
      name,
      result.min.toFixed(2),
      result.median.toFixed(2),
      result.bytes === undefined ? '' : String(Math.round(result.bytes)),
      against,
    ]);
    process.stdout.write(`${group}: ${rows.at(-1).join(' | ')}\n`);
  }
  page.push('', `## ${title ?? group}`, '', ...rows.map((row) => `| ${row.join(' | ')} |`));
}
if (asked.length === 0) writeFileSync(join(here, '..', 'docs', 'benchmarks.md'), `${page.join('\n')}\n`);

function runCase(group, name) {
  const args = [
    '--expose-gc',
    '--min-semi-space-size=256',
    '--max-semi-space-size=256',
    join(here, 'lib', 'child.mjs'),
    group,
    name,
  ];
  const done = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (done.status !== 0) throw new Error(`${group}, ${name}: ${done.stderr}`);
  return JSON.parse(done.stdout.trim().split('\n').at(-1));
}
