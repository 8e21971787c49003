import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { snippets } from '../docs/snippets.js';
import { listen } from '../support/gateway.js';
import { spawnProcess } from '../support/process.js';
import { compile, project, run } from './tarball.js';

/** The application of docs/extend.md. */
const MAIN = snippets('ts').find(({ place }) => place.startsWith('docs/extend.md'))?.text ?? '';
const YAML = `
server: { port: 0, shutdown: { delay: 0s, drain: 1s } }
management: { port: 0 }
upstreams: { users: { url: "\${USERS_URL:-http://127.0.0.1:9}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

it.each(['24', '26'])(
  'npm installs the tarball with its dependencies, for Node %s',
  { timeout: 600_000 },
  async (version) => {
    const files = { 'main.ts': MAIN.replace('8080', "0, '127.0.0.1'"), 'gateway.yaml': YAML };
    const { folder, tarball } = await project(onTestFinished, files);
    const npm = (args: readonly string[]) =>
      run('npm', ['install', '--no-audit', '--no-fund', ...args], { cwd: folder });
    await npm([tarball]);
    await npm([`node@${version}`, '@types/node@26']);
    const node = join(folder, 'node_modules/node/bin/node');
    expect((await run(node, ['--version'])).stdout).toMatch(new RegExp(`^v${version}\\.`));
    expect(await compile(folder, ['main.ts'])).toBe('');

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
  },
);
