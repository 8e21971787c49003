import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnNode, temporaryFile } from '../support/process.js';

async function run(...args: string[]) {
  const script = spawnNode(['scripts/bench.mjs', ...args]);
  const code = await script.exited;
  return { code, output: script.lines.join('\n'), error: script.stderr };
}

describe('the options of npm run bench', () => {
  it('are listed by --help', async () => {
    const { code, output } = await run('--help');
    expect(code).toBe(0);
    expect(output).toContain('--install-peers');
  });

  it.each([
    [['--rounds', '0'], '--rounds must be a number from 1 to 99999, but it is 0.'],
    [
      ['--measure', 'latency,speed'],
      '--measure does not know speed. There is: throughput, latency, memory, bodies, scale.',
    ],
    [['--write', '--only', 'bare'], '--write needs a run of everything'],
    [['--fast'], "Unknown option '--fast'"],
  ])('are refused before anything starts: %j', async (args, message) => {
    const { code, output, error } = await run(...args);
    expect([code, output]).toEqual([1, '']);
    expect(error).toContain(message);
  });
});

/** Installs the contenders on a machine where the programs are these shell scripts. */
async function installPeers(programs: Readonly<Record<string, string>>) {
  const log = await temporaryFile('log', '');
  const folder = dirname(log);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $GOBIN $*" >> ${log}\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const [caddy, spring] = ['install-caddy', 'install-spring'].map(
    (name) => new URL(`peers/${name}.mjs`, import.meta.url).href,
  );
  const code = `
    const { installCaddy, findCaddy } = await import('${caddy}');
    const { installSpringGateway, findSpringGateway } = await import('${spring}');
    await installCaddy();
    await installSpringGateway();
    console.log(JSON.stringify([findCaddy(), findSpringGateway()]));`;
  const script = spawnNode(['--input-type=module', '-e', code], { PATH: bin, XDG_CACHE_HOME: folder });
  await script.exited;
  const asked = (await readFile(log, 'utf8')).trim().split('\n').filter(Boolean);
  return { folder, asked, found: script.lines.at(-1), error: script.stderr };
}

describe('--install-peers', () => {
  it('builds Caddy with Go and Spring Cloud Gateway with Maven into the cache folder', async () => {
    const { folder, asked, found } = await installPeers({
      go: '/bin/mkdir -p $GOBIN && : > $GOBIN/caddy',
      java: '',
      mvn: 'for a in "$@"; do case $a in -Doutput=*) /bin/mkdir -p "${a#*=}" && : > "${a#*=}/gateway.jar";; esac; done',
    });
    expect(asked[0]).toMatch(
      /^go \S+\/breakwater\/caddy-v\S+ install .* github\.com\/caddyserver\/caddy\/v2\/cmd\/caddy@v/,
    );
    expect(asked[1]).toMatch(/^mvn .*--file \S+\/test\/bench\/peers\/spring\/pom\.xml package -Doutput=/);
    const [caddy, spring] = JSON.parse(found!) as string[];
    expect(caddy).toMatch(new RegExp(`^${folder}/breakwater/caddy-v[^/]+/caddy$`));
    expect(spring).toMatch(new RegExp(`^${folder}/breakwater/spring-cloud-gateway-[^/]+/gateway.jar$`));
  });

  it.each([
    ['Go', {}, 'There is no Go to build Caddy'],
    ['Maven', { go: 'exit 0', caddy: '' }, 'Spring Cloud Gateway needs Java 17 and Maven'],
    [
      'a network',
      { go: 'echo no network >&2; exit 1' },
      'Caddy could not be built. Go reported:\nno network',
    ],
  ])('fails with the reason where there is no %s', async (_what, programs, message) => {
    const { error } = await installPeers(programs);
    expect(error).toContain(message);
  });
});
