// npm run bench -- --compare BASE [GROUP…]: the same cases on two checkouts, in turn.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { merge, place, runCase } from './runner.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function command(file, args, cwd) {
  const done = spawnSync(file, args, { cwd, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${file} ${args.join(' ')}: ${done.stderr}${done.stdout}`);
  return done.stdout.trim();
}

/** Everything that is installed here, but the packages of the other checkout. */
function linkModules(from, to, checkout) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    if (name === '.bin' || name === '.cache' || name === '.package-lock.json') continue;
    if (name === '@ostinato' || name === '@ostinato-examples') mkdirSync(join(to, name));
    else if (name !== 'ostinato') symlinkSync(source, join(to, name));
  }
  for (const name of readdirSync(join(checkout, 'packages'))) {
    const target = name === 'ostinato' ? join(to, name) : join(to, '@ostinato', name);
    symlinkSync(join(checkout, 'packages', name), target);
  }
}

/** Makes a checkout of `base` with the cases of this one, built. */
function checkOut(base, folder) {
  const checkout = join(folder, 'base');
  command('git', ['worktree', 'add', '--detach', checkout, base], root);
  linkModules(join(root, 'node_modules'), join(checkout, 'node_modules'), checkout);
  command(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'], checkout);
  rmSync(join(checkout, 'benchmarks'), { recursive: true });
  cpSync(join(root, 'benchmarks'), join(checkout, 'benchmarks'), {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  const own = join(root, 'benchmarks', 'node_modules');
  if (existsSync(own)) symlinkSync(own, join(checkout, 'benchmarks', 'node_modules'));
  return checkout;
}

export async function compare(base, groups, print, times = 5) {
  const commit = command('git', ['rev-parse', '--short', '--verify', `${base}^{commit}`], root);
  const folder = mkdtempSync(join(tmpdir(), 'ostinato-compare-'));
  const cleanUp = () => {
    spawnSync('git', ['worktree', 'remove', '--force', join(folder, 'base')], { cwd: root });
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('SIGINT', () => {
    cleanUp();
    process.exit(130);
  });
  try {
    const places = {
      base: place(process.execPath, { checkout: checkOut(base, folder) }),
      here: place(process.execPath),
    };
    print(`base is ${base} (${commit}); less is better; Node ${process.version}`);
    for (const [group, { cases, unit = 'ns/op' }] of groups) {
      print(`\n${group}, ${unit} | base | here | here/base`);
      const own = Object.keys(cases).filter(
        (name) => !/^OTel|OpenTelemetry|Rust|prom|hot-shots|perf_hooks|floor/.test(name),
      );
      for (const name of own) {
        const rounds = { base: [], here: [] };
        for (let i = 0; i < times; i += 1) {
          for (const [where, there] of Object.entries(places)) {
            // A case may use what base does not have.
            const result = await runCase(there, group, name).catch(() => undefined);
            if (result !== undefined) rounds[where].push(result);
          }
        }
        const [before, now] = [rounds.base, rounds.here].map((some) =>
          some.length === 0 ? undefined : merge(some).min,
        );
        const ratio = before === undefined || now === undefined ? '' : (now / before).toFixed(2);
        print([name, before?.toFixed(2) ?? 'cannot run', now?.toFixed(2) ?? 'cannot run', ratio].join(' | '));
      }
    }
  } finally {
    cleanUp();
  }
}
