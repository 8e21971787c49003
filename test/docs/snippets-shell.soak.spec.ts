import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { shell } from '../support/cli.js';
import { keepUntilEnd, spawnGateway, spawnUpstream } from '../support/process.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { snippets } from './snippets.js';

/** A command of the documentation; lines that go on in the next one are joined. */
interface Command {
  readonly place: string;
  readonly line: string;
}

// The commands of this page belong together: see getting-started.soak.spec.ts.
const blocks = snippets('sh').filter(({ place }) => !place.startsWith('docs/getting-started.md'));

/** @returns the commands of the blocks of which the first command matches */
function commands(first: RegExp): Command[] {
  return blocks.flatMap(({ place, text }) => {
    const lines = text
      .replaceAll(/(?:\\|(\|))\n\s*/g, '$1 ')
      .trim()
      .split('\n');
    return first.test(lines[0] ?? '') ? lines.map((line) => ({ place, line })) : [];
  });
}

const calls = commands(/^(?:curl|redis-cli) /);
const ownCommands = commands(/^(?:npx )?breakwater /);
const scripts = commands(/^npm (?:run|start|test)\b/);
// They run in the suites of containers, of the chart, of the package and of the benchmark.
const others = commands(/^(?:docker|token=\$\(docker|helm|kubectl|npm pack|git)\b/);

const CONFIG = `
server: { host: 127.0.0.1, port: 0 }
management: { port: 0, token: "\${ADMIN_TOKEN:-}" }
redis: { url: "\${REDIS_URL}" }
auth: { dev: { secret: "a text of more than thirty-two bytes", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users, auth: none, cache: { ttl: 1m, per: public } }]
`;

it('every block is one of a kind that some suite runs', () => {
  const known = [...calls, ...ownCommands, ...scripts, ...others].map(({ place }) => place);
  expect(blocks.map(({ place }) => place).filter((place) => !known.includes(place))).toEqual([]);
});

describeWithRedis('commands that call a gateway', { timeout: 60_000 }, () => {
  const keep = keepUntilEnd();
  let replace: (line: string) => string;
  let env: Record<string, string>;

  beforeAll(async () => {
    const redis = await RedisServer.startUntil(keep);
    const users = await spawnUpstream('users', { keepUntil: keep });
    const started = await spawnGateway(CONFIG, { USERS_URL: users.url, REDIS_URL: redis.url }, keep);
    const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
    keep(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'new.yaml'), CONFIG);
    env = { ADMIN_TOKEN: 'none', FOLDER: folder, USERS_URL: users.url, REDIS_URL: redis.url };
    replace = (line) =>
      line
        .replace('http://127.0.0.1:9090', started.managementUrl)
        .replace('http://127.0.0.1:8080', started.url)
        .replace(/^curl /, 'curl -sS --max-time 20 -o "$FOLDER/answer" -w "%{http_code}" ')
        // A stream of events has no end.
        .replace('--max-time 20', line.includes(' -N ') ? '--max-time 1' : '$&')
        .replace(/^redis-cli /, `redis-cli -p ${redis.port} `);
  }, 60_000);

  it.each(calls)('$place: $line', async ({ line }) => {
    const { stdout } = await shell(`cd "$FOLDER" || exit\n${replace(line)}`, env);
    expect(stdout).toMatch(line.startsWith('curl') ? /^2\d\d$/ : /^\d+-\d+$/);
  });
});

describe('commands of breakwater', { timeout: 60_000 }, () => {
  it.each(ownCommands)('$place: $line', async ({ line }) => {
    const [, name = ''] = /breakwater (\w+)/.exec(line) ?? [];
    const { code, stdout } = await shell(`breakwater ${name} --help`);
    expect(code).toBe(0);
    const options = stdout.match(/ --?[\w-]+/g) ?? [];
    for (const option of optionsOf(line.replace(/.*breakwater/, ''))) expect(options).toContain(option);
  });
});

describe('scripts of npm', { timeout: 60_000 }, () => {
  it.each(scripts)('$place: $line', async ({ line }) => {
    const [, name = '', args = ''] = /^npm (?:run )?([\w:]+)(?: -- ([^#]*))?/.exec(line) ?? [];
    const script = (packageJson.scripts as Record<string, string>)[name];
    expect(script).toMatch(/^node scripts\//);
    const options = optionsOf(` ${args}`).filter((option) => option !== ' --help');
    if (options.length === 0) return;
    const { stdout, stderr } = await shell(`"${process.execPath}" ${script?.slice('node '.length)} --help`);
    for (const option of options) expect(stdout + stderr).toContain(option);
  });
});

/** @returns the options of a command, such as ` --svg` */
function optionsOf(line: string): string[] {
  return line.match(/ --?[a-z][\w-]*/g) ?? [];
}
