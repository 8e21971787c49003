import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCaddy } from '../peers/install-caddy.mjs';
import { freePort } from '../processes.mjs';
import { howToInstall } from './install-hint.mjs';
import { versionBy } from './version.mjs';

/** @type {import('./index.mjs').Contender} */
export const caddy = {
  id: 'caddy',
  title: 'Caddy',
  role: 'server',
  description: 'its `reverse_proxy` handler with its defaults, no log',
  forwards: true,
  scales: true,
  missing: () => (findCaddy() ? undefined : howToInstall),
  version: () => versionBy(findCaddy(), 'version'),
  async launch(setting) {
    const [port, adminPort] = [await freePort(), await freePort()];
    const file = join(setting.directory, 'caddy.json');
    const home = join(setting.directory, 'caddy');
    mkdirSync(home, { recursive: true });
    const rewrite = async (changed) =>
      writeFileSync(file, JSON.stringify(config({ ...changed, port, adminPort })));
    await rewrite(setting);
    const env = { XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
    const command = [findCaddy(), 'run', '--config', file];
    const load = `http://127.0.0.1:${adminPort}/load`;
    return {
      command,
      env,
      url: `http://127.0.0.1:${port}`,
      headers: {},
      rewrite,
      reload: () => post(load, file),
    };
  },
};

async function post(url, file) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: readFileSync(file),
  });
  await response.arrayBuffer();
}

const config = ({ prefixes, upstreams, upstreamUrl, port, adminPort }) => ({
  admin: { listen: `127.0.0.1:${adminPort}` },
  logging: { logs: { default: { level: 'ERROR' } } },
  apps: {
    http: {
      servers: {
        bench: {
          listen: [`127.0.0.1:${port}`],
          automatic_https: { disable: true },
          idle_timeout: '65s',
          routes: prefixes.map((prefix, i) => ({
            match: [{ path: [`${prefix}/*`] }],
            handle: [
              { handler: 'rewrite', path_regexp: [{ find: '^/[^/]+/', replace: '/orders/' }] },
              proxy(i % upstreams, upstreamUrl),
            ],
            terminal: true,
          })),
        },
      },
    },
  },
});

/** Caddy keeps the connections of proxies with the same address apart, too. */
const proxy = (_upstream, upstreamUrl) => ({
  handler: 'reverse_proxy',
  upstreams: [{ dial: new URL(upstreamUrl).host }],
});
