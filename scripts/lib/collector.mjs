// A real OpenTelemetry Collector and a real Prometheus, built from Go modules into a cache outside the repository.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './workspace.mjs';

const manifest = join(root, 'otel-collector', 'builder.yaml');
/** The release of the manifest's modules. */
const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.159.0';
/** As a module, 3.16.0 is v0.316.0. */
const PROMETHEUS = 'github.com/prometheus/prometheus';
const PROMETHEUS_VERSION = 'v0.316.0';
/** What Prometheus asks for. */
const GO_MINOR = 26;
const BUILD = ['build', '-mod=mod', '-trimpath', '-ldflags=-s -w'];

/** Says why nothing can be built here, and what to do. */
export class NoGoError extends Error {}

/**
 * The folder of `otelcol`, `prometheus` and `promtool`: built unless the cache has it for this manifest, these versions
 * and this platform. `say` hears of the progress.
 */
export async function collectorBinaries(say) {
  const recipe = [readFileSync(manifest, 'utf8'), BUILDER, PROMETHEUS_VERSION, BUILD];
  const key = createHash('sha256')
    .update(JSON.stringify([...recipe, process.platform, process.arch]))
    .digest('hex');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'ostinato', `collector-${key.slice(0, 16)}`);
  if (existsSync(folder)) return folder;

  requireGo();
  mkdirSync(dirname(folder), { recursive: true });
  const release = await lock(`${folder}.lock`, () => existsSync(folder), say);
  try {
    if (!existsSync(folder)) await build(folder, say);
  } finally {
    release();
  }
  return folder;
}

function requireGo() {
  const { stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  const [, minor] = /^go1\.(\d+)/.exec(stdout ?? '') ?? [];
  if (Number(minor) >= GO_MINOR) return;
  const found = stdout ? `this is ${stdout.trim()}` : 'there is no go in PATH';
  throw new NoGoError(
    `the Collector and Prometheus are built from Go modules: install Go 1.${GO_MINOR} or newer (https://go.dev/dl); ${found}`,
  );
}

/** Builds aside and renames: whoever sees the folder sees it whole, however many build at once. */
async function build(folder, say) {
  for (const name of readdirSync(dirname(folder))) {
    // What a build left that was killed.
    if (name.startsWith(`${basename(folder)}.building-`)) {
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
  const work = mkdtempSync(`${folder}.building-`);
  try {
    const out = join(work, 'out');
    const sources = join(work, 'otelcol');
    const prometheus = join(work, 'prometheus');
    mkdirSync(prometheus);
    writeFileSync(join(prometheus, 'go.mod'), 'module ostinato.invalid/prometheus\n');
    const run = (title, file, args, cwd, env) => step(say, title, file, args, cwd, env);

    await run('builder of the Collector', 'go', ['install', BUILDER], work, { GOBIN: join(work, 'bin') });
    // Not compiled by the builder: its `go mod tidy` wants what only the modules' own tests need.
    const generate = [`--config=${manifest}`, '--skip-compilation'];
    await run('sources of the Collector', join(work, 'bin', 'builder'), generate, work);
    await run('Collector', 'go', [...BUILD, '-tags', 'grpcnotrace', '-o', `${out}/otelcol`, '.'], sources);
    // A requirement, not `go get` of a command, which would fetch the modules of all service discoveries.
    const require = ['mod', 'edit', '-require', `${PROMETHEUS}@${PROMETHEUS_VERSION}`];
    await run('Prometheus: module', 'go', require, prometheus);
    for (const name of ['prometheus', 'promtool']) {
      const args = [...BUILD, '-tags', 'remove_all_sd', '-o', join(out, name), `${PROMETHEUS}/cmd/${name}`];
      await run(name, 'go', args, prometheus);
    }
    if (!existsSync(folder)) renameSync(out, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function step(say, title, file, args, cwd, env = {}) {
  const from = performance.now();
  say(`${title} …`);
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, GOWORK: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new Error(`${basename(file)} ${args.join(' ')} ended with ${status}:\n${output}`);
  say(`${title}: ${((performance.now() - from) / 1000).toFixed(0)} s`);
}

/** Spares a second builder the work; it is `build`'s rename that makes both right. Resolves when it is ours or `done`. */
async function lock(file, done, say) {
  let told = false;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (done()) return () => {};
    const owner = readLock(file);
    if (owner !== undefined && !isAlive(owner)) rmSync(file, { force: true });
    else if (!told) say(`another process (${owner ?? 'unknown'}) builds it: waiting`);
    told = true;
    await sleep(500);
  }
}

function readLock(file) {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}
