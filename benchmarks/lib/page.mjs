// docs/benchmarks.md.
import { judge, targets } from './targets.mjs';

const row = (cells) => `| ${cells.join(' | ')} |`;
const number = (value) => {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};
const times = (value) => `${number(value)}x`;

/** A table of one group. `results` has, by the label of a Node.js, what its cases gave. */
export function groupSection(group, module, results) {
  const { title, note, unit = 'ns/op', columns, timeless = false } = module;
  const [main, ...others] = Object.keys(results);
  const shown = columns ?? [
    { title: 'B/op', show: ({ bytes }) => (bytes === undefined ? '' : String(Math.round(bytes))) },
  ];
  const head = [`${unit}${timeless ? '' : ', min'}`, ...(timeless ? [] : ['median'])];
  const header = ['case', ...head, ...shown.map((column) => column.title), 'against'];
  for (const other of others) header.push(`${other}: min`, 'against');
  const lines = [`## ${title ?? group}`, ''];
  if (note !== undefined) lines.push(note, '');
  lines.push(row(header), row(header.map((_, i) => (i === 0 || header[i] === 'against' ? '---' : '---:'))));
  for (const [name, { rival }] of Object.entries(module.cases)) {
    const cells = [name];
    const result = results[main][name];
    if (result === undefined) cells.push(...head.map(() => ''), ...shown.map(() => ''), '');
    else {
      cells.push(number(result.min), ...(timeless ? [] : [number(result.median)]));
      cells.push(...shown.map((column) => column.show(result)), against(results[main], name, rival));
    }
    for (const other of others) {
      const there = results[other][name];
      const own = there !== undefined && there !== result;
      cells.push(own ? number(there.min) : '', own ? against(results[other], name, rival, true) : '');
    }
    lines.push(row(cells));
  }
  return lines;
}

function against(results, name, rival, short = false) {
  if (rival === undefined || results[rival] === undefined) return '';
  const ratio = results[rival].min / results[name].min;
  return short ? times(ratio) : `${times(ratio)} of ${rival}`;
}

/** What the figures must show, and whether they do. `all` has results by Node.js, group and case. */
export function targetsSection(all) {
  const nodes = Object.keys(all);
  const lines = [
    '## What they must show',
    '',
    'Ratios of the same run; a ✗ is a figure that is missed; what a number says of it stands below.',
    '',
    row(['figure', 'asked', ...nodes]),
    row(['---', '---:', ...nodes.map(() => '---:')]),
  ];
  const reasons = [];
  let rows = 0;
  for (const target of targets) {
    const { asked, unit, text, why } = target;
    const suffix = unit === 'x' ? 'x' : ` ${unit}`;
    const limit = Number(asked.limit.toFixed(2));
    let explained = false;
    const cells = nodes.map((node) => {
      const judged = judge(target, (group, name) => all[node][group]?.[name]);
      if (judged === undefined) return '';
      if (!judged.met && why !== undefined) {
        explained = true;
        if (!reasons.includes(why)) reasons.push(why);
      }
      return `${number(judged.figure)}${suffix}${judged.met ? '' : ' ✗'}`;
    });
    // Of a run of some groups, only what they show.
    if (cells.every((cell) => cell === '')) continue;
    rows += 1;
    const marked = explained ? `${text} (${reasons.indexOf(why) + 1})` : text;
    lines.push(row([marked, `${asked.least ? '≥' : '≤'} ${limit}${suffix}`, ...cells]));
  }
  if (rows === 0) return [];
  if (reasons.length > 0) lines.push('', ...reasons.map((why, i) => `${i + 1}. ${why.replace(/\s+/g, ' ')}`));
  return lines;
}
