// Sends bodies over HTTP/2 and gives them up half-way, as clients do that leave: `node http2-leavers.mjs URL`. Says
// `free` at the end, or `stuck` when the event loop has not turned for a second.
import { Worker } from 'node:worker_threads';
import { Pool } from 'undici';

const [url] = process.argv.slice(2);
const turns = new Int32Array(new SharedArrayBuffer(4));
const watch = `
const { workerData: turns } = require('node:worker_threads');
let last = -1;
setInterval(() => {
  if (turns[0] === last) {
    require('node:fs').writeSync(1, 'stuck\\n');
    process.kill(process.pid, 'SIGKILL');
  }
  last = turns[0];
}, 1000);`;
new Worker(watch, { eval: true, workerData: turns }).unref();
setInterval(() => turns[0]++, 10).unref();

const pool = new Pool(url, { allowH2: true, connections: 1, connect: { rejectUnauthorized: false } });
await (await pool.request({ method: 'GET', path: '/' })).body.dump();
for (let round = 0; round < 50; round++) await Promise.all(Array.from({ length: 8 }, leave));
console.log('free');
process.exit();

async function leave() {
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(), Math.random() * 30);
  const request = { method: 'POST', path: '/', body: Buffer.alloc(20_000), signal: leaving.signal };
  await pool.request(request).then(
    ({ body }) => body.dump().catch(() => undefined),
    () => undefined,
  );
}
