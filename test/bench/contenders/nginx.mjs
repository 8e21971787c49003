import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../find-on-path.mjs';
import { freePort } from '../processes.mjs';
import { versionBy } from './version.mjs';

/** @type {import('./index.mjs').Contender} */
export const nginx = {
  id: 'nginx',
  title: 'nginx',
  role: 'server',
  description: 'one worker process, keep-alive to the upstream, no log',
  forwards: true,
  scales: true,
  missing: () => (findOnPath('nginx') ? undefined : '`apt install nginx-light`'),
  version: () => versionBy('nginx', '-v'),
  async launch(setting) {
    const port = await freePort();
    const file = join(setting.directory, 'nginx.conf');
    const rewrite = async (changed) => writeFileSync(file, config({ ...changed, port }));
    await rewrite(setting);
    const reload = (server) => server.signal('SIGHUP');
    return {
      command: nginxCommand(file, setting.directory),
      url: `http://127.0.0.1:${port}`,
      headers: {},
      rewrite,
      reload,
    };
  },
};

export const nginxCommand = (file, directory) => ['nginx', '-p', directory, '-c', file, '-e', 'stderr'];

/** What a configuration that needs no folder of the system begins with. */
export const nginxHead = (directory) => `daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 20000; }
`;

export const nginxTempFolders = (directory) =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${directory}/${kind};`)
    .join('\n');

function config({ prefixes, upstreams, upstreamUrl, directory, port }) {
  const { host } = new URL(upstreamUrl);
  const pools = Array.from(
    { length: upstreams },
    (_, i) => `  upstream orders-${i} { server ${host}; keepalive 256; keepalive_requests 1000000; }`,
  );
  const locations = prefixes.map(
    (prefix, i) => `    location ${prefix}/ { proxy_pass http://orders-${i % upstreams}/orders/; }`,
  );
  return `${nginxHead(directory)}
http {
  access_log off;
  keepalive_timeout 65s;
  keepalive_requests 1000000000;
${nginxTempFolders(directory)}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  # Large responses go through memory only.
  proxy_max_temp_file_size 0;
  server_names_hash_max_size 16384;
${pools.join('\n')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
${locations.join('\n')}
    location / { return 404; }
  }
}
`;
}
