// Prints, as JSON, which files three GETs enter: one without a cache, one that the cache lacks, one that it has.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { walk } from './instrument.mjs';

// What timers do in the background is no part of a request.
globalThis.setInterval = () => ({ unref() {} });
const { setTimeout: schedule } = globalThis;
globalThis.setTimeout = (callback, ms, ...args) =>
  schedule(() => {
    const { isRecording } = walk;
    walk.isRecording = false;
    try {
      callback(...args);
    } finally {
      walk.isRecording = isRecording;
    }
  }, ms);

const { Gateway, loadConfigFile } = await import('../../../dist/index.js');
const { issueToken } = await import('../../../dist/modules/auth/issue-token.js');

let onArrival = () => {};
const upstream = createServer((_req, res) => {
  onArrival();
  res.writeHead(200, { 'content-type': 'text/plain' }).end('hi');
}).listen(0, '127.0.0.1');
await once(upstream, 'listening');

const directory = mkdtempSync(join(tmpdir(), 'breakwater-walk-'));
const file = join(directory, 'gateway.yaml');
writeFileSync(
  file,
  `
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
auth: { main: { secret: a-secret-of-at-least-thirty-two-bytes, algorithms: [HS256] } }
upstreams: { users: { url: "http://127.0.0.1:${upstream.address().port}" } }
routes:
  - { id: plain, match: { path: /plain/** }, upstream: users }
  - { id: cached, match: { path: /cached/** }, upstream: users, cache: { ttl: 1m } }
`,
);
const { config } = loadConfigFile(file);
rmSync(directory, { recursive: true });
const gateway = await Gateway.start(config, { logger: false });
const { token } = issueToken(config.auth, { sub: 'alice', expires: '1h' });

const { url } = gateway;

async function get(path) {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  await response.text();
}

/** @returns the entries up to the upstream, or all of them when the upstream is not asked */
async function walkOf(path) {
  let arrived;
  onArrival = () => (arrived = walk.entries.slice());
  walk.entries = [];
  walk.isRecording = true;
  await get(path);
  // The response closes a turn after the client has it.
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  walk.isRecording = false;
  return arrived ?? walk.entries;
}

// What the first requests do once is no part of the path of the others.
for (const path of ['/plain/0', '/cached/0', '/cached/0', '/plain/0']) await get(path);
const walks = {
  uncached: await walkOf('/plain/1'),
  miss: await walkOf('/cached/1'),
  hit: await walkOf('/cached/1'),
};
console.log(JSON.stringify(walks));
await gateway.close();
upstream.closeAllConnections();
upstream.close();
