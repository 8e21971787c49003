import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot, runtime } from '../../../scripts/lib/project.mjs';
import { nginx, nginxCommand, nginxHead, nginxTempFolders } from '../contenders/nginx.mjs';
import { freePort, ServerProcess } from '../processes.mjs';
import { bodyPath, bodySizes } from './bodies.mjs';
import { order } from './order.mjs';

/**
 * Starts the service behind every contender: nginx if it is there, since it takes the least CPU, or else a Node process.
 * @returns {Promise<{ url: string, name: string }>}
 */
export async function startUpstream(directory, core) {
  const name = nginx.missing() ? 'node:http' : `nginx ${await nginx.version()}`;
  const launch = nginx.missing()
    ? { command: [runtime(), inRoot('test/bench/upstream/server.mjs')] }
    : await launchNginx(directory);
  const server = new ServerProcess('The upstream', launch, core);
  return { url: await server.url(), name };
}

async function launchNginx(directory) {
  const port = await freePort();
  const file = join(directory, 'upstream.conf');
  const files = join(directory, 'files');
  mkdirSync(join(files, 'orders'), { recursive: true });
  for (const bytes of bodySizes) writeFileSync(join(files, bodyPath(bytes)), Buffer.alloc(bytes, 'x'));
  writeFileSync(file, config({ directory, files, port }));
  return { command: nginxCommand(file, directory), url: `http://127.0.0.1:${port}` };
}

/** Connections are kept longer than any run, so that none closes while a contender waits for its turn. */
const config = ({ directory, files, port }) => `${nginxHead(directory)}
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  sendfile on;
  tcp_nopush on;
${nginxTempFolders(directory)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      default_type application/json;
      return 200 '${JSON.stringify(order)}';
    }
    location /orders/body- { root ${files}; }
  }
}
`;
