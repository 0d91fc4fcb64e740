// The rules of docs/ARCHITECTURE.md that a machine can hold: what may import what, and what a manifest may say.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packages, root, typeScriptFiles } from './workspace.mjs';

/** For each package, the sibling packages its sources may import. */
const mayImport = {
  core: [],
  recorder: ['core'],
  otlp: ['core'],
  otel: ['core', 'recorder', 'otlp'],
  ostinato: ['core', 'recorder', 'otel'],
  testing: ['core', 'otlp'],
};

/** Inside otlp a sample goes one way: these folders may import only the listed ones. */
const mayImportWithin = {
  'otlp/encode': ['encode'],
  'otlp/transport': ['transport', 'encode'],
  'otlp/log': ['log', 'encode'],
  'otlp/deliver': ['deliver', 'log', 'transport', 'encode'],
  'otlp/cli': ['cli', 'config', 'log', 'encode'],
};

const withoutDependencies = ['core', 'recorder'];
const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;

/** Returns one line for each broken rule. */
export function brokenRules() {
  const broken = [];
  const nameToDir = new Map(packages.map(({ dir, manifest }) => [manifest.name, dir]));
  const versions = new Set(packages.map(({ manifest }) => manifest.version));
  if (versions.size !== 1) broken.push(`packages have different versions: ${[...versions].join(', ')}`);

  for (const { dir, path, manifest } of packages) {
    const allowed = mayImport[dir];
    if (allowed === undefined) {
      broken.push(`packages/${dir}: not listed in scripts/lib/architecture.mjs`);
      continue;
    }
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    if (withoutDependencies.includes(dir)) {
      for (const name of Object.keys(declared)) {
        if (!nameToDir.has(name))
          broken.push(`packages/${dir} must have no runtime dependency, found ${name}`);
      }
    }
    for (const file of typeScriptFiles(join(path, 'src'))) {
      const where = relative(root, file);
      const text = readFileSync(file, 'utf8');
      for (const match of text.matchAll(importPattern)) {
        const target = match[1] ?? match[2] ?? match[3];
        if (target.startsWith('.')) {
          const rule = folderRule(dir, relative(join(path, 'src'), file), target);
          if (rule !== undefined) broken.push(`${where}: ${rule}`);
          continue;
        }
        if (target.startsWith('node:')) {
          if (dir === 'core') broken.push(`${where}: core imports no Node builtin, found ${target}`);
          continue;
        }
        const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0];
        const sibling = nameToDir.get(name);
        if (sibling !== undefined && !allowed.includes(sibling)) {
          broken.push(`${where}: packages/${dir} may not import ${name}`);
        }
        if (declared[name] === undefined) broken.push(`${where}: ${name} is not a declared dependency`);
      }
    }
  }

  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (/"resolved":\s*"[a-z+]+:\/\//.test(lock)) broken.push('package-lock.json names a download address');
  return broken;
}

function folderRule(dir, file, target) {
  const from = `${dir}/${file.split('/')[0]}`;
  const allowed = mayImportWithin[from];
  if (allowed === undefined || !target.startsWith('../')) return undefined;
  const to = target.slice(3).split('/');
  if (to.length === 1 || allowed.includes(to[0])) return undefined;
  return `${from} may not import ${to[0]}/`;
}
