import { setTimeout as sleep } from 'node:timers/promises';
import { heldBy, requestsAlive } from '../support/baseline.js';
import type { Inspector } from '../support/inspector.js';
import type { GatewayProcess } from '../support/process.js';
import type { Held } from './recording.js';

/** Milliseconds in which the gateway has to release everything. */
const RELEASE_WITHIN = 15_000;
/** MiB; compiled code and counters of new series take some. */
const HEAP_GROWTH = 32;

export async function heldIn(gateway: GatewayProcess, inspector: Inspector): Promise<Held> {
  return {
    ...(await heldBy(gateway)),
    calls: await callsOf(gateway),
    timers: await inspector.timers(),
    objects: await requestsAlive(inspector),
    heapMiB: await inspector.heapMiB(),
  };
}

/** Waits until the gateway holds no more than before, for a limited time. */
export async function heldLike(before: Held, gateway: GatewayProcess, inspector: Inspector): Promise<Held> {
  const until = Date.now() + RELEASE_WITHIN;
  for (;;) {
    const { inFlight, queued, sockets } = await heldBy(gateway);
    // Counting objects walks the whole heap, so it waits for the rest.
    if ((inFlight === 0 && queued === 0 && sockets <= before.sockets) || Date.now() > until) {
      const held = await heldIn(gateway, inspector);
      if (stillHeld(before, held).length === 0 || Date.now() > until) return held;
    }
    await sleep(50);
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
