import { setTimeout as sleep } from 'node:timers/promises';
import { inRoot, runtime } from '../../../scripts/lib/project.mjs';
import { enter, measureEach } from '../entrant.mjs';
import { openFilesLimit } from '../machine.mjs';
import { HelperProcess } from '../processes.mjs';

const idleConnections = inRoot('test/bench/load/idle-connections.mjs');
const samplesEveryMs = 250;
/** Files that a process needs beside its connections. */
const otherFiles = 1000;

/**
 * Measures the memory of each contender in a process of its own: after its start, with many idle connections that have
 * had one response each, and the largest value under load. What a connection takes is computed from the second half of
 * the connections, since the first half also makes the heap grow to the size that requests need.
 * @param {import('../contenders/index.mjs').Contender[]} contenders
 * @param {{ connections: number, idle: number, settleMs: number, seconds: number }} plan
 */
export async function measureMemory(contenders, surroundings, plan) {
  process.stdout.write('Memory');
  const rows = await measureEach(contenders, surroundings, async (contender) => {
    const entrant = await enter(contender, surroundings);
    try {
      return await measureOne(entrant, surroundings, plan);
    } finally {
      await entrant.stop();
      process.stdout.write('.');
    }
  });
  console.log();
  return rows;
}

async function measureOne({ contender, server, url, headers }, surroundings, plan) {
  const { cores, generator } = surroundings;
  const { idle, settleMs, seconds, connections } = plan;
  await sleep(settleMs);
  const idleBytes = server.memory();

  const count = Math.floor(Math.min(idle, openFilesLimit() - otherFiles) / 2);
  const options = JSON.stringify({ url, headers, count });
  const halves = [];
  for (const _ of ['first half', 'second half']) {
    const clients = new HelperProcess(cores.load, [runtime(), idleConnections, options]);
    const { failed } = await clients.next();
    await sleep(settleMs);
    halves.push({ clients, failed, bytes: server.memory() });
  }
  const [first, second] = halves;
  const open = (await first.clients.finish()).open + (await second.clients.finish()).open;

  let loadedBytes = 0;
  const sampling = setInterval(() => (loadedBytes = Math.max(loadedBytes, server.memory())), samplesEveryMs);
  const load = await generator.run({ url, headers, seconds, connections, core: cores.load });
  clearInterval(sampling);
  const { id, title, role } = contender;
  return {
    id,
    title,
    role,
    idleBytes,
    connections: open,
    connectedBytes: second.bytes,
    bytesPerConnection: (second.bytes - first.bytes) / count,
    loadedBytes,
    failed: first.failed + second.failed + load.failed,
  };
}
