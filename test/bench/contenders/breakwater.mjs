import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { runQuietly } from '../../../scripts/lib/children.mjs';
import { root, runtime, SetupError } from '../../../scripts/lib/project.mjs';
import { everyFeature, onlyWhatItNeeds } from './breakwater-config.mjs';

/** Nothing listens there, so that the breaker opens. */
const nowhere = 'http://127.0.0.1:1';
const signsWithinMs = 20_000;
const breaker = { openFor: '1h', maxOpenFor: '1h' };

/** @type {import('./index.mjs').Contender[]} */
export const breakwaters = [
  {
    id: 'breakwater',
    title: 'Breakwater',
    description:
      'the gateway as `breakwater start` runs it, with every feature switched on that leaves the response as it is ' +
      '(see [Features](#features)); each request has the same HS256 token, which is verified once and then remembered',
    forwards: true,
    scales: true,
    config: everyFeature,
  },
  {
    id: 'breakwater-unlogged',
    title: 'Breakwater without access log',
    description: 'the same without a line in the log for each request',
    forwards: true,
    config: (setting) => ({ ...everyFeature(setting), accessLog: { enabled: false } }),
  },
  {
    id: 'breakwater-plain',
    title: 'Breakwater with a token only',
    description:
      'the same token, probes and otherwise the defaults: breaker, retries, metrics, access log, security headers, deadline',
    forwards: true,
    config: onlyWhatItNeeds,
  },
  {
    id: 'breakwater-cached',
    title: 'Breakwater from its cache',
    description: 'as `Breakwater`, with responses from the memory cache',
    forwards: false,
    caches: true,
    config: (setting) => everyFeature(setting, { cache: { ttl: '1h', per: 'user' } }),
  },
  {
    id: 'breakwater-open',
    title: 'Breakwater, breaker open',
    description:
      'as `Breakwater`, with an upstream that is down: every request is answered with 503 at once (shed rate)',
    forwards: false,
    expects: 503,
    config: (setting) =>
      everyFeature({ ...setting, upstreamUrl: nowhere }, {}, { breaker, fallback: undefined }),
  },
].map((contender) => asContender(contender, root));

/** @returns {import('./index.mjs').Contender} the same with the code of another folder */
export function otherBuild(contender, folder) {
  const build = resolve(folder);
  const name = basename(build);
  return asContender(
    { ...contender, id: `${contender.id}:${name}`, title: `${contender.title} in ${name}` },
    build,
  );
}

/** @returns {import('./index.mjs').Contender} a gateway of the build in a folder */
export function asContender({ config, ...contender }, build) {
  const cli = join(build, 'dist/cli.js');
  return {
    ...contender,
    config,
    role: 'breakwater',
    version: async () => JSON.parse(readFileSync(join(build, 'package.json'), 'utf8')).version ?? 'unknown',
    async launch(setting) {
      const file = join(setting.directory, 'gateway.yaml');
      const secret = randomBytes(32).toString('base64url');
      // JSON is valid YAML. The gateway watches its file and would reload as soon as that changes.
      const write = (name, changed) => writeFileSync(name, JSON.stringify(config({ ...changed, secret })));
      const rewrite = async (changed) => write(`${file}.new`, changed);
      const reload = (server) => {
        renameSync(`${file}.new`, file);
        server.signal('SIGHUP');
      };
      write(file, setting);
      const headers = { Authorization: `Bearer ${await signToken(cli, file)}` };
      return { command: [runtime(), cli, 'start', '-c', file], headers, rewrite, reload };
    },
  };
}

async function signToken(cli, file) {
  const claims = ['--sub', 'alice', '--scopes', 'orders:read', '--expires', '8h'];
  const command = [cli, 'token', '-c', file, ...claims];
  const { code, stdout, stderr } = await runQuietly(runtime(), command, { timeout: signsWithinMs });
  if (code !== 0) throw new SetupError(`${stderr}No token could be made; the reason is above.`);
  return stdout.trim();
}
