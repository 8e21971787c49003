import { createServer } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { snippets } from '../docs/snippets.js';
import { listen } from '../support/gateway.js';
import { keepUntilEnd, spawnProcess } from '../support/process.js';
import { compile, installLinked, pack, project, run } from './tarball.js';

const YAML = `
server: { shutdown: { delay: 0s, drain: 1s } }
upstreams: { users: { url: "\${USERS_URL:-http://127.0.0.1:9}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

/** The application of docs/extend.md. */
const MAIN = snippets('ts').find(({ place }) => place.startsWith('docs/extend.md'))?.text ?? '';
const TYPES = `
import { formatProblems, loadConfigFile, type GatewayConfig } from 'breakwater/config';
import schema from 'breakwater/gateway.schema.json' with { type: 'json' };
const loaded = loadConfigFile('gateway.yaml');
if (!loaded.ok) throw new TypeError(formatProblems('gateway.yaml', loaded.problems));
const config: GatewayConfig = loaded.config;
console.log(JSON.stringify({ routes: config.routes.length, schema: schema.type }));
`;

/** Prints which files of Nest an import loads. */
const LOADED = [
  `import { registerHooks } from 'node:module';`,
  `const urls = [];`,
  `registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });`,
  `await import('breakwater/config');`,
  `console.log(JSON.stringify(urls.filter((url) => url.includes('@nestjs'))));`,
].join(' ');

describe('the tarball', () => {
  it('holds the build and nothing that only the repository needs', async () => {
    const paths = (await pack(['--dry-run'])).files.map(({ path }) => path);
    expect(paths.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'gateway.schema.json',
      'package.json',
      'scripts/breakwater.mjs',
    ]);
    expect(paths.filter((path) => /\.spec\.|\.map$|examples|\.built-from/.test(path))).toEqual([]);
    for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/modules/admin/dashboard/index.html'])
      expect(paths).toContain(path);
  });
});

describe('a project that has installed the tarball', () => {
  let folder = '';
  const keep = keepUntilEnd();
  const inProject = (script: string) => ['sh', ['-c', `cd '${folder}' && exec ${script}`]] as const;
  const node = (script: string) => inProject(`'${process.execPath}' ${script}`);

  beforeAll(async () => {
    const made = await project(keep, {
      'main.ts': MAIN.replace('8080', "0, '127.0.0.1'"),
      'types.ts': TYPES,
      'gateway.yaml': YAML,
    });
    await installLinked(made);
    folder = made.folder;
  }, 120_000);

  // First, because the others run what it compiles.
  it('has types for all of it', { timeout: 120_000 }, async () => {
    expect(await compile(folder, ['main.ts', 'types.ts'])).toBe('');
  });

  it('runs the command line', async () => {
    const [command, args] = node(`node_modules/breakwater/scripts/breakwater.mjs check -c gateway.yaml`);
    const { stdout } = await run(command, args);
    expect(stdout).toContain('gateway.yaml is valid: 1 route, 1 upstream.');
  });

  it('has the gateway in an application of its own', async () => {
    const users = await listen(createServer((req, res) => res.end(`user ${req.url}`)));
    const [command, args] = node('main.js');
    const app = spawnProcess(command, args, { USERS_URL: users });
    const url = String((await app.json(({ msg }) => msg === 'listening'))['url']);
    expect(await (await fetch(`${url}/greetings/1`)).json()).toEqual({ hello: 'user /users/1' });
    expect(await (await fetch(`${url}/users/2`)).text()).toBe('user /users/2');
    app.kill('SIGTERM');
    expect(await app.exited).toBe('SIGTERM');
  });

  it('has the subpaths of the package, which load nothing of Nest', async () => {
    const [command, args] = node('types.js');
    expect(JSON.parse((await run(command, args)).stdout)).toEqual({ routes: 1, schema: 'object' });
    const [, seen] = node(`--input-type=module -e "${LOADED}"`);
    expect(JSON.parse((await run(command, seen)).stdout)).toEqual([]);
  });
});
