// Somebody who reads the admin API: calls one path after the other, and reads the stream of events, until stdin ends. Then it
// writes a JSON line with the number of its calls.
// Usage: reader.mjs '{"management":"http://127.0.0.1:9090","paths":["/metrics"],"isReadingEvents":true}'
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two calls. */
const pause = 100;
/** The lowest: the load generator shares its core, and would be late by the time of its work otherwise. */
setPriority(19);

const { management, paths, isReadingEvents } = JSON.parse(process.argv[2]);
const abort = new AbortController();
process.stdin.resume().on('end', () => abort.abort());

async function readEvents() {
  const response = await fetch(`${management}/admin/events`, { signal: abort.signal });
  for await (const _chunk of response.body) if (abort.signal.aborted) return;
}

let calls = 0;
async function call() {
  for (; !abort.signal.aborted; calls++) {
    const response = await fetch(management + paths[calls % paths.length], { signal: abort.signal });
    await response.arrayBuffer();
    await sleep(pause, undefined, { signal: abort.signal });
  }
}

await Promise.allSettled([isReadingEvents && readEvents(), call()]);
console.log(JSON.stringify({ calls }));
process.exit(0);
