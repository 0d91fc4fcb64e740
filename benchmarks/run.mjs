// npm run bench [-- GROUP…]: runs the groups, prints them, and writes docs/benchmarks.md when all of them ran.
// npm run bench -- --compare BASE [GROUP…]: this checkout beside another.
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compare } from './lib/compare.mjs';
import { newerNode, rust } from './lib/machines.mjs';
import { groupSection, targetsSection } from './lib/page.mjs';
import { writePlots } from './lib/plots.mjs';
import { merge, place, runCase, runRust } from './lib/runner.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const ORDER = ['record', 'threads', 'export', 'memory', 'service', 'delivery'];
const known = readdirSync(join(here, 'cases'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace('.mjs', ''))
  .sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));

const { values, positionals } = read(() =>
  parseArgs({
    allowPositionals: true,
    options: { compare: { type: 'string' }, only: { type: 'string' }, rounds: { type: 'string' } },
  }),
);
const unknown = positionals.filter((group) => !known.includes(group));
if (unknown.length > 0) refuse(`no group ${unknown.join(', ')}; there are ${known.join(', ')}`);
if (values.rounds !== undefined && !/^[1-9]\d*$/.test(values.rounds)) {
  refuse(`--rounds ${values.rounds} is not a number of rounds`);
}
const names = positionals.length > 0 ? positionals : known;
const groups = [];
for (const group of names) {
  const module = await import(`./cases/${group}.mjs`);
  // --only: the cases whose name contains this text.
  const wanted = Object.entries(module.cases).filter(([name]) => name.includes(values.only ?? ''));
  groups.push([group, { ...module, cases: Object.fromEntries(wanted) }]);
}

if (groups.every(([, module]) => Object.keys(module.cases).length === 0)) {
  refuse(`no case of ${names.join(', ')} has "${values.only}" in its name`);
}

const print = (line) => process.stdout.write(`${line}\n`);
if (values.compare === undefined) await measureAll();
else {
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  await compare(values.compare, groups, print, rounds).catch((error) => refuse(error.message));
}

function refuse(problem) {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

function read(parse) {
  try {
    return parse();
  } catch (error) {
    return refuse(error.message);
  }
}

async function measureAll() {
  const started = performance.now();
  const newer = newerNode();
  const native = rust();
  const major = (version) => `Node ${version.replace(/^v(\d+).*/, '$1')}`;
  const places = { [major(process.version)]: place(process.execPath, newer) };
  const own = Object.keys(places)[0];
  if (newer.missing === undefined) places[major(newer.version)] = place(newer.node, newer);
  const about = [
    `Node ${process.version}${newer.missing === undefined ? ` and ${newer.version}` : ''}, ${cpus()[0].model.trim()}, ${cpus().length} cores; ${loadavg()[0].toFixed(1)} other processes wanted to run.`,
    ...(newer.missing === undefined ? [] : [`Skipped: what needs Node 22, since ${newer.missing}.`]),
    native.missing === undefined
      ? `Rust: metrics 0.24, ${native.version}.`
      : `Skipped: Rust, since ${native.missing}.`,
  ];
  for (const line of about) print(line);

  const all = Object.fromEntries(Object.keys(places).map((label) => [label, {}]));
  const sections = [];
  for (const [group, module] of groups) {
    const labels = Object.keys(places).filter((label) => label === own || module.newerNode === true);
    const results = await measureGroup(group, module, labels, places, native);
    for (const label of labels) all[label][group] = results[label];
    const section = groupSection(group, module, results);
    for (const line of ['', ...section, '']) print(line);
    sections.push('', ...section);
    // After each group: a run that is interrupted leaves what it has measured.
    if (names.length === known.length && values.only === undefined) writePage(all, about, sections);
  }
  for (const line of targetsSection(all)) print(line);
  print(`\n${Math.round((performance.now() - started) / 1000)} s`);
}

function writePage(all, about, sections) {
  const docs = join(here, '..', 'docs');
  const page = [
    '# Benchmarks',
    '',
    'Written by `npm run bench`: one process a case, all in one run on one machine, a case and its rivals in turn, the least of',
    `its rounds${values.rounds === undefined ? '' : ` (here ${values.rounds})`}. Read the ratios, not the nanoseconds. "4x of" a rival: a quarter of its cost.`,
    '',
    ...about,
    ...writePlots(join(docs, 'benchmarks'), withNewer(all)),
    '',
    ...targetsSection(all),
    ...sections,
  ];
  writeFileSync(join(docs, 'benchmarks.md'), `${page.join('\n')}\n`);
}

/** The results of one group by Node.js and case; what has no Node.js of its own is in all of them. */
async function measureGroup(group, module, labels, places, native) {
  const { cases } = module;
  // --rounds: so many of each group.
  const rounds = values.rounds === undefined ? (module.rounds ?? 1) : Number(values.rounds);
  const own = labels[0];
  const newest = labels.at(-1);
  const figures = Object.fromEntries(labels.map((label) => [label, {}]));
  const add = (label, name, result) => {
    figures[label][name] ??= [];
    figures[label][name].push(result);
  };
  const failures = new Set();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, each] of Object.entries(cases)) {
      if (each.rust !== undefined) {
        if (native.missing === undefined) add(own, name, await runRust(native.program, each.rust));
        continue;
      }
      // On a newer Node.js one round less is enough: it stands beside the figures, its rivals with it.
      for (const label of round < Math.max(1, rounds - 1) ? labels : [own]) {
        if (each.newer === true && (places[label].folder === undefined || label !== newest)) continue;
        if (each.newer === true && labels.length === 1 && !atLeast22(process.version)) continue;
        try {
          add(label, name, await runCase(places[label], group, name));
        } catch (error) {
          failures.add(`${group}, ${name} on ${label}: ${error.message}`);
        }
      }
    }
  }
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  if (failures.size > 0) process.exitCode = 1;
  const results = {};
  for (const label of labels) {
    results[label] = {};
    for (const [name, each] of Object.entries(cases)) {
      const taken = figures[label][name] ?? (each.rust === undefined ? undefined : figures[own][name]);
      if (taken !== undefined) results[label][name] = merge(taken);
    }
  }
  return results;
}

function atLeast22(version) {
  return Number(version.slice(1).split('.')[0]) >= 22;
}

/** What only a newer Node.js could run, beside the rest. */
function withNewer(all) {
  const [own, ...others] = Object.values(all);
  const merged = {};
  for (const group of Object.keys(own)) {
    merged[group] = Object.assign({}, ...others.map((other) => other[group]), own[group]);
  }
  return merged;
}
