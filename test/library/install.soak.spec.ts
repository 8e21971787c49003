import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { snippets } from '../docs/snippets.js';
import { listen } from '../support/gateway.js';
import { spawnProcess } from '../support/process.js';
import { compile, project, run } from './tarball.js';

/** The application of docs/extend.md. */
const MAIN = snippets('ts').find(({ place }) => place.startsWith('docs/extend.md'))?.text ?? '';

/** A snippet of docs/testing.md, by its first line. */
function example(language: string, firstLine: string): string {
  const found = snippets(language).find(({ text }) => text.startsWith(`${firstLine}\n`));
  if (!found) throw new Error(`docs/testing.md has no snippet that begins with ${firstLine}.`);
  return found.text;
}

const exampleWith = (runner: string) => example('ts', `// users.test.ts, with ${runner}`);

const YAML = `
server: { port: 0, shutdown: { delay: 0s, drain: 1s } }
management: { port: 0 }
upstreams: { users: { url: "\${USERS_URL:-http://127.0.0.1:9}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

it.each(['24', '26'])(
  'npm installs the tarball with its dependencies, for Node %s',
  { timeout: 1_200_000 },
  async (version) => {
    const files = {
      'main.ts': MAIN.replace('8080', "0, '127.0.0.1'"),
      'gateway.yaml': YAML,
      'users.test.ts': exampleWith('node:test'),
    };
    const { folder, tarball } = await project(onTestFinished, files);
    const npm = (args: readonly string[]) =>
      run('npm', ['install', '--no-audit', '--no-fund', ...args], { cwd: folder });
    await npm([tarball]);
    await npm([`node@${version}`, '@types/node@26']);
    const node = join(folder, 'node_modules/node/bin/node');
    expect((await run(node, ['--version'])).stdout).toMatch(new RegExp(`^v${version}\\.`));
    expect(await compile(folder, ['main.ts', 'users.test.ts'])).toBe('');

    const users = await listen(createServer((req, res) => res.end(`user ${req.url}`)));
    const start = (script: string) =>
      spawnProcess('sh', ['-c', `cd '${folder}' && exec '${node}' ${script}`], { USERS_URL: users });
    const app = start('main.js');
    const url = String((await app.json(({ msg }) => msg === 'listening'))['url']);
    expect(await (await fetch(`${url}/greetings/1`)).json()).toEqual({ hello: 'user /users/1' });
    expect(await (await fetch(`${url}/users/2`)).text()).toBe('user /users/2');
    app.kill('SIGTERM');
    expect(await app.exited).toBe('SIGTERM');

    const gateway = start('node_modules/breakwater/scripts/breakwater.mjs -c gateway.yaml');
    const own = String((await gateway.json(({ msg }) => msg === 'listening'))['url']);
    expect(await (await fetch(`${own}/users/3`)).text()).toBe('user /users/3');
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toBe(0);

    // A runner that runs in another one prints for that one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await run(node, ['--test', 'users.test.js'], { cwd: folder, env });
    expect(stdout).toMatch(/pass 1\n/);
  },
);

it.each(['24', '26'])(
  'jest runs the example of docs/testing.md with the tarball, on Node %s',
  { timeout: 1_200_000 },
  async (version) => {
    const files = {
      'jest.config.js': example('js', '// jest.config.js'),
      'jest.setup.js': example('js', '// jest.setup.js'),
      'users.test.js': example('js', '// users.test.js, with jest'),
    };
    const { folder, tarball } = await project(onTestFinished, files);
    const packages = [tarball, 'jest@30', `node@${version}`];
    await run('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: folder });
    const node = join(folder, 'node_modules/node/bin/node');
    const jest = join(folder, 'node_modules/jest/bin/jest.js');
    // `npm test` has the pinned runtime, and vitest its own variables.
    const { VITEST: _, NODE_ENV: __, ...env } = process.env;
    const { stderr } = await run(node, ['--experimental-vm-modules', jest], { cwd: folder, env });
    expect(stderr).toMatch(/Tests: +1 passed, 1 total/);
  },
);
