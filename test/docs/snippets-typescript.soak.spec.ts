import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TestProcess } from '../support/process.js';
import { snippets } from './snippets.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

// testing.spec.ts runs the tests with vitest.
const programs = snippets('ts').filter(({ text }) => !text.includes("from 'vitest'"));

/** Tells the port of each server of a program. */
const TELL = `import { Server } from 'node:net';
const { emit } = Server.prototype;
Server.prototype.emit = function (event, ...rest) {
  if (event === 'listening') console.log(JSON.stringify({ port: this.address().port }));
  return emit.call(this, event, ...rest);
};`;

const stub = createServer((req, res) => void req.resume().once('end', () => res.end('{}')));
let folder: string;

beforeAll(async () => {
  // Inside the project, so that packages resolve as they do for a user.
  folder = await mkdtemp(join(ROOT, 'node_modules', '.programs-'));
  await once(stub.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
  await mkdir(join(folder, 'node_modules'));
  await symlink(ROOT, join(folder, 'node_modules', 'breakwater'));
  const files = programs.map((_, i) => `program-${i}.ts`);
  const tsconfig = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { paths: {}, noUnusedLocals: false, noEmit: false, outDir: '.', rootDir: '.' },
    files,
    include: [],
  };
  const gateway = `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s } }
management: { port: 0 }
upstreams: { users: { url: "${url}" }, orders: { url: "${url}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]`;
  const written = {
    'tsconfig.json': JSON.stringify(tsconfig),
    'package.json': '{ "type": "module" }',
    'gateway.yaml': gateway,
    'tell.js': TELL,
  };
  for (const [name, text] of Object.entries(written)) await writeFile(join(folder, name), text);
  for (const [i, { text }] of programs.entries())
    await writeFile(join(folder, `program-${i}.ts`), text.replaceAll('listen(8080)', 'listen(0)'));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', folder]);
}, 120_000);

afterAll(async () => {
  stub.close();
  stub.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

function run(i: number): TestProcess {
  const args = ['--import', './tell.js', `program-${i}.js`];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  return new TestProcess(child);
}

const numbered = programs.map(({ place, text }, i) => ({
  place,
  i,
  listens: /\.listen\(|Gateway\.start\(/.test(text),
}));

it.each(numbered.filter(({ listens }) => listens))(
  '$place answers, and ends after SIGTERM',
  async ({ i }) => {
    const program = run(i);
    const { port } = await program.json((line) => 'port' in line);
    const response = await fetch(`http://127.0.0.1:${String(port)}/users/1`);
    await response.body?.cancel();
    program.kill('SIGTERM');
    expect([0, 'SIGTERM']).toContain(await program.exited);
  },
);

it.each(numbered.filter(({ listens }) => !listens))('$place runs', async ({ i }) => {
  const program = run(i);
  expect({ exit: await program.exited, stderr: program.stderr }).toEqual({ exit: 0, stderr: '' });
});
