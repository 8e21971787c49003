import { readdir, readlink } from 'node:fs/promises';
import { raw, requestHead } from './http.js';
import { sumOf } from './metrics.js';
import { Inspector } from './inspector.js';
import type { GatewayProcess } from './process.js';
import { until } from './until.js';

/** Reading the sockets of another process needs Linux. */
export const canTakeBaseline = process.platform === 'linux';

/** What a gateway holds besides its heap. */
interface Held {
  readonly sockets: number;
  /** The sum over all upstreams. */
  readonly inFlight: number;
  readonly queued: number;
}

/** Classes with at least one object per request. */
const OF_REQUESTS = [
  ['modules/routing/exchange.js', 'Exchange'],
  ['modules/upstream/transport/call.js', 'Call'],
] as const;

/** MiB by which a heap may differ, since compiled code and the counters of new series come and go. */
export const HEAP_NOISE = 2;

/** What a gateway process holds when it is idle, to compare with after a fault. */
export class Baseline {
  private constructor(
    private readonly gateway: GatewayProcess,
    private readonly inspector: Inspector,
    private readonly held: Held,
  ) {}

  /** @param gateway from `spawnInspected`, idle */
  static async of(gateway: GatewayProcess): Promise<Baseline> {
    const inspector = await Inspector.to(gateway);
    return new Baseline(gateway, inspector, await heldBy(gateway));
  }

  /** Waits until there are as many sockets and bulkhead places in use as at the start. */
  async holds(): Promise<void> {
    const wanted = JSON.stringify(this.held);
    let found = '';
    await until('the baseline', async () => {
      found = JSON.stringify(await heldBy(this.gateway));
      return found === wanted;
    }).catch(() => {
      throw new Error(`Held before the fault: ${wanted}\nand after it: ${found}`);
    });
  }

  /**
   * Repeats a fault and waits for the baseline after each time.
   *
   * @param fault causes the fault once
   * @returns MiB by which the heap grew between the first time and the last
   */
  async growthThrough(fault: () => Promise<unknown>, times = 2): Promise<number> {
    let first = 0;
    for (let i = 0; i < times; i++) {
      await fault();
      await this.holds();
      if (i === 0) first = await this.inspector.heapMiB();
    }
    return (await this.inspector.heapMiB(first + HEAP_NOISE)) - first;
  }

  /** @returns how many objects of requests are alive; it walks the whole heap, so once for many faults is enough */
  async requestsAlive(): Promise<number> {
    return requestsAlive(this.inspector);
  }
}

/** @returns how many objects of requests are alive */
export async function requestsAlive(inspector: Inspector): Promise<number> {
  let alive = 0;
  for (const [module, name] of OF_REQUESTS) alive += await inspector.alive(module, name);
  return alive;
}

/** @returns `/metrics`, read on a connection that closes, since an open one would be counted */
export function readMetrics(managementUrl: string): Promise<string> {
  return raw(managementUrl, requestHead('GET /metrics', 'Connection: close'));
}

async function heldBy({ process, managementUrl }: GatewayProcess): Promise<Held> {
  const metrics = await readMetrics(managementUrl);
  return {
    inFlight: sumOf(metrics, 'breakwater_bulkhead_in_flight'),
    queued: sumOf(metrics, 'breakwater_bulkhead_queued'),
    sockets: await socketsOf(process.child.pid),
  };
}

/** @returns how many sockets a process has, by what the system says */
export async function socketsOf(pid: number | undefined): Promise<number> {
  const files = await readdir(`/proc/${pid}/fd`);
  // A socket that was closed in between has no name any more.
  const names = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return names.filter((name) => name.startsWith('socket:')).length;
}
