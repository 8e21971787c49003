import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../find-on-path.mjs';
import { freePort } from '../processes.mjs';
import { versionBy } from './version.mjs';

/** @type {import('./index.mjs').Contender} */
export const haproxy = {
  id: 'haproxy',
  title: 'HAProxy',
  role: 'server',
  description:
    'one thread, keep-alive to the upstream (`http-reuse always`), no log; routes are looked up in a map',
  forwards: true,
  scales: true,
  missing: () => (findOnPath('haproxy') ? undefined : '`apt install haproxy`'),
  version: () => versionBy('haproxy', '-v'),
  async launch(setting) {
    const port = await freePort();
    const file = join(setting.directory, 'haproxy.cfg');
    const map = join(setting.directory, 'routes.map');
    const rewrite = async (changed) => {
      writeFileSync(
        map,
        changed.prefixes.map((prefix, i) => `${prefix}/ orders-${i % changed.upstreams}\n`).join(''),
      );
      writeFileSync(file, config({ ...changed, port, map }));
    };
    await rewrite(setting);
    const reload = (server) => server.signal('SIGUSR2');
    // -W starts a master process, which a reload without lost connections needs.
    return {
      command: ['haproxy', '-W', '-f', file],
      url: `http://127.0.0.1:${port}`,
      headers: {},
      rewrite,
      reload,
    };
  },
};

function config({ upstreams, upstreamUrl, port, map }) {
  const { host } = new URL(upstreamUrl);
  const backends = Array.from({ length: upstreams }, (_, i) => `backend orders-${i}\n  server one ${host}`);
  return `global
  nbthread 1
  # It would refuse to start where each connection cannot have two files, though idle ones have one.
  no strict-limits
  maxconn 12000
defaults
  mode http
  timeout connect 5s
  timeout client 65s
  timeout server 65s
  timeout http-keep-alive 65s
  http-reuse always
frontend bench
  bind 127.0.0.1:${port} backlog 4096
  use_backend %[path,map_beg(${map},unknown)]
backend unknown
  http-request return status 404
${backends.map((each) => `${each}\n  http-request replace-path /[^/]+/(.*) /orders/\\1`).join('\n')}
`;
}
