import { setTimeout as sleep } from 'node:timers/promises';
import { sumOf } from '../../support/metrics.js';
import type { Inspector } from '../../support/inspector.js';
import type { Footprint, GatewaySample } from './types.js';

/** Milliseconds. */
const BETWEEN_LOOKS = 500;

/** Measures once: the garbage is collected before. */
async function look(inspector: Inspector): Promise<Footprint> {
  return {
    heapMiB: await inspector.heapMiB(0),
    sockets: await inspector.resources('TCPSocketWrap'),
    // Unlike those that `process.getActiveResourcesInfo()` lists, these include timers that keep no process alive.
    timers: await inspector.aliveWith(
      'setTimeout(() => {}, 0).constructor.prototype',
      '(timer) => !timer._destroyed',
    ),
  };
}

/**
 * Measures what an idle gateway holds. Idle connections are closed after some seconds, so it looks several times and takes
 * the least of each.
 *
 * @param within milliseconds
 */
export async function footprint(inspector: Inspector, within: number): Promise<Footprint> {
  const end = performance.now() + within;
  let least = await look(inspector);
  while (performance.now() < end) {
    await sleep(BETWEEN_LOOKS);
    const next = await look(inspector);
    least = {
      heapMiB: Math.min(least.heapMiB, next.heapMiB),
      sockets: Math.min(least.sockets, next.sockets),
      timers: Math.min(least.timers, next.timers),
    };
  }
  return least;
}

/** @returns what `/metrics` says now, or `undefined` when it cannot be read */
export async function sampleMetrics(managementUrl: string): Promise<GatewaySample | undefined> {
  try {
    const signal = AbortSignal.timeout(2_000);
    const response = await fetch(`${managementUrl}/metrics`, { signal, headers: { connection: 'close' } });
    const text = await response.text();
    return {
      at: Date.now(),
      heapMiB: sumOf(text, 'nodejs_heap_size_used_bytes') / 1024 ** 2,
      sockets: sumOf(text, 'nodejs_active_resources', { type: 'TCPSocketWrap' }),
    };
  } catch {
    return undefined; // A gap in a chart; objectives do not read samples.
  }
}
