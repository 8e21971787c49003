import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { runQuietly } from '../../scripts/lib/children.mjs';
import { inRoot, root, runtime, SetupError } from '../../scripts/lib/project.mjs';

/**
 * @typedef {object} Contender
 * @property {string} id
 * @property {string} title
 * @property {'ceiling' | 'peer' | 'constant' | 'breakwater'} role `constant` answers by itself
 * @property {string} [entry] a peer's script
 * @property {string} [build] a Breakwater's folder, with `dist` in it
 * @property {object} [route] what its route says
 */

/** The contenders in the order of the rounds. @type {readonly Contender[]} */
const all = [
  { id: 'bare', title: 'node:http + undici, bare', role: 'ceiling', entry: 'bare' },
  {
    id: 'http-proxy-middleware',
    title: 'http-proxy-middleware on Express',
    role: 'peer',
    entry: 'http-proxy-middleware',
  },
  { id: 'fastify-http-proxy', title: '@fastify/http-proxy', role: 'peer', entry: 'fastify-http-proxy' },
  {
    id: 'nest-constant',
    title: 'Nest, a constant',
    role: 'constant',
    entry: 'nest-constant',
  },
  { id: 'breakwater', title: 'Breakwater', role: 'breakwater', build: root, route: {} },
  {
    id: 'breakwater-public',
    title: 'Breakwater without a token',
    role: 'breakwater',
    build: root,
    route: { auth: 'none' },
  },
  {
    id: 'breakwater-cached',
    title: 'Breakwater from its cache',
    role: 'breakwater',
    build: root,
    route: { cache: { ttl: '1h', per: 'user' } },
  },
];

/**
 * @param {string | undefined} only ids, separated by commas
 * @param {readonly string[]} others folders of other builds of Breakwater to compare with
 */
export function chooseContenders(only, others) {
  const wanted = only?.split(',');
  const unknown = wanted?.filter((id) => !all.some((each) => each.id === id)) ?? [];
  if (unknown.length > 0) {
    const known = all.map(({ id }) => id).join(', ');
    throw new SetupError(`--only does not know ${unknown.join(', ')}. There is: ${known}.`);
  }
  const chosen = wanted ? all.filter(({ id }) => wanted.includes(id)) : all;
  return [...chosen, ...others.map(otherBuild)];
}

/** @returns {Contender} */
function otherBuild(folder) {
  const build = resolve(folder);
  const name = basename(build);
  return { id: `breakwater:${name}`, title: `Breakwater in ${name}`, role: 'breakwater', build, route: {} };
}

/** Makes an id a valid file name on any system. */
export const fileName = (id) => id.replaceAll(':', '-');

/**
 * @param {Contender} contender
 * @returns {Promise<{ args: string[], headers: Record<string, string> }>} how to run it, and what to ask it with
 */
export async function prepare({ id, entry, build, route }, upstreamUrl, directory) {
  if (entry !== undefined) {
    return { args: [inRoot(`test/bench/peers/${entry}.mjs`), upstreamUrl], headers: {} };
  }
  const cli = join(build, 'dist/cli.js');
  // JSON is valid YAML.
  const file = join(directory, `${fileName(id)}.yaml`);
  writeFileSync(file, JSON.stringify(gatewayConfig(upstreamUrl, route)));
  const args = [cli, 'start', '-c', file];
  if (route.auth === 'none') return { args, headers: {} };
  return { args, headers: { Authorization: `Bearer ${await signToken(cli, file)}` } };
}

/** The default configuration, with the breaker and the metrics on, plus authentication and health probes. */
const gatewayConfig = (url, route) => ({
  server: { host: '127.0.0.1', port: 0, shutdown: { delay: '0s', drain: '1s' } },
  management: { port: 0 },
  auth: route.auth === 'none' ? {} : { bench: { secret: newSecret(), algorithms: ['HS256'] } },
  upstreams: { orders: { url, health: { path: '/health', interval: '5s' } } },
  routes: [{ id: 'orders', match: { path: '/orders/**' }, upstream: 'orders', ...route }],
});

const newSecret = () => randomBytes(32).toString('base64url');

async function signToken(cli, file) {
  const claims = ['--sub', 'alice', '--scopes', 'orders:read', '--expires', '8h'];
  const { code, stdout, stderr } = await runQuietly(runtime(), [cli, 'token', '-c', file, ...claims]);
  if (code !== 0) throw new SetupError(`${stderr}No token could be made; the reason is above.`);
  return stdout.trim();
}
