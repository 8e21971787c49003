import { vi } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import type { BreakerConfig, HealthConfig } from '../../src/modules/config/gateway-config.js';
import { Breaker } from '../../src/modules/upstream/breaker/breaker.js';
import type { Permit } from '../../src/modules/upstream/breaker/permit.js';

export const CONFIG: BreakerConfig = {
  errorRate: 0.5,
  window: 10_000,
  minRequests: 20,
  consecutiveFailures: 5,
  openFor: 5_000,
  maxOpenFor: 60_000,
  failureStatuses: [500],
  mode: 'enforce',
};

export const DEADLINE = 3_000;
/** The middle of the jitter range, so that open times are exact. */
const NO_JITTER = 0.5;

export function setUp(
  config: Partial<BreakerConfig> = {},
  health?: Pick<HealthConfig, 'failures' | 'passes'>,
  random = NO_JITTER,
) {
  const breaker = new Breaker({
    upstream: 'users',
    config: { ...CONFIG, ...config },
    health,
    clock: systemClock,
    random: () => random,
  });
  const log: string[] = [];
  breaker.transition.on(({ from, to, reason }) => log.push(`${from} > ${to}: ${reason}`));
  return { breaker, log };
}

export function admit(breaker: Breaker): Permit {
  const permit = breaker.admit(DEADLINE);
  if (!permit) throw new TypeError('rejected');
  return permit;
}

export const succeed = (permit: Permit) => permit.settle('success', 'success', '200');
export const fail = (permit: Permit) => permit.settle('failure', 'reset', 'ECONNRESET');
export const neutral = (permit: Permit) => permit.settle('neutral', 'client_gone', 'gone');

/** Runs the timers that are due. */
export const settled = () => vi.advanceTimersByTimeAsync(0);

export async function failTimes(breaker: Breaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) fail(admit(breaker));
  await settled();
}
