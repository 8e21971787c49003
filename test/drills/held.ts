import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics, requestsAlive, socketsOf } from '../support/baseline.js';
import type { Inspector } from '../support/inspector.js';
import { sumOf } from '../support/metrics.js';
import type { GatewayProcess } from '../support/process.js';
import type { Held } from './recording.js';

/** Milliseconds in which the gateway has to release everything. */
const RELEASE_WITHIN = 30_000;
/** MiB; compiled code and counters of new series take some. */
const HEAP_GROWTH = 32;

export async function heldIn(gateway: GatewayProcess, inspector: Inspector): Promise<Held> {
  // Before any request of ours, whose connection would count.
  const sockets = await socketsOf(gateway.process.child.pid);
  const metrics = await readMetrics(gateway.managementUrl);
  return {
    sockets,
    inFlight: sumOf(metrics, 'breakwater_bulkhead_in_flight'),
    queued: sumOf(metrics, 'breakwater_bulkhead_queued'),
    calls: await callsOf(gateway),
    timers: await inspector.timers(),
    objects: await requestsAlive(inspector),
    heapMiB: await inspector.heapMiB(),
  };
}

/** Waits until the gateway holds no more than before, for a limited time. */
export async function heldLike(before: Held, gateway: GatewayProcess, inspector: Inspector): Promise<Held> {
  for (const until = Date.now() + RELEASE_WITHIN; ;) {
    const isLate = Date.now() > until;
    // To count objects walks the whole heap, so that waits for the sockets.
    if (isLate || (await socketsOf(gateway.process.child.pid)) <= before.sockets) {
      const held = await heldIn(gateway, inspector);
      if (isLate || stillHeld(before, held).length === 0) return held;
    }
    await sleep(100);
  }
}

/** @returns what there is more of than before */
export function stillHeld(before: Held, after: Held): string[] {
  const kept = (['calls', 'inFlight', 'queued', 'sockets', 'timers', 'objects'] as const)
    .filter((what) => after[what] > before[what])
    .map((what) => `${what}: ${before[what]} before, ${after[what]} after`);
  const { heapMiB } = after;
  return heapMiB > before.heapMiB + HEAP_GROWTH ? [...kept, `the heap has grown to ${heapMiB} MiB`] : kept;
}

async function callsOf({ managementUrl }: GatewayProcess): Promise<number> {
  const response = await fetch(`${managementUrl}/admin/overview`, { headers: { connection: 'close' } });
  const { upstreams } = (await response.json()) as { upstreams: { targets: { inFlight: number }[] }[] };
  return upstreams.flatMap(({ targets }) => targets).reduce((sum, { inFlight }) => sum + inFlight, 0);
}
