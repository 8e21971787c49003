import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayProcess } from '../support/process.js';
import { runClients } from './clients.js';
import type { ClientRecord, DrainRecord } from './recording.js';
import { type ServicePlan, SLACK } from './scenario.js';

/** Milliseconds in which new connections are accepted. The limit for what is under way is never reached. */
const DELAY = 2_000;
export const SHUTDOWN = { delay: `${DELAY}ms`, drain: '60s' };

const KINDS = ['get', 'post', 'upload', 'head', 'delete'] as const;
const RESPONSE = { ms: 400, bytes: 5_000, over: 300 };
/** Beside the groups of a scenario. */
const FIRST_GROUP = 2_000;

/** Sends a SIGTERM while requests of each kind are under way, and more of them during the delay. */
export async function drain(gateway: GatewayProcess, services: readonly ServicePlan[]): Promise<DrainRecord> {
  const requests: ClientRecord[] = [];
  const over = new AbortController();
  const watch = { url: gateway.url, requests, over: over.signal };
  const send = async (after: number, firstGroup: number) => {
    await sleep(after);
    const plans = services.flatMap(({ id }) =>
      KINDS.map((kind) => ({ kind, service: id, at: 0, count: 1, for: 0, gap: 0, response: RESPONSE })),
    );
    await Promise.all(plans.map((plan, i) => runClients(watch, plan, firstGroup + i)));
  };
  const sent = Promise.all([send(0, FIRST_GROUP), send(DELAY / 4, 2 * FIRST_GROUP)]);
  await sleep(DELAY / 10);
  gateway.process.kill('SIGTERM');
  const ended = Promise.all([gateway.process.exited, sent]).then(([exit]) => exit);
  const late = sleep(DELAY + RESPONSE.ms + RESPONSE.over + SLACK, 'late' as const, { ref: false });
  const exit = await Promise.race([ended, late]);
  over.abort();
  await sent;
  return { requests, exit };
}
