import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { systemClock } from '../../common/clock.js';
import type { Address, Resolver } from './dns/resolver.js';
import { UpstreamProxy } from './upstream-proxy.js';

const ADDRESS: Address = { address: '127.0.0.1', family: 4 };
const RESOLVER: Resolver = { resolve: () => Promise.resolve([ADDRESS]) };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One probe decides, so that a test may open and close the breaker without a call. */
function setUp(): UpstreamProxy {
  const { upstreams } = configOf(`
upstreams: { users: { url: http://users.test, health: { failures: 1, passes: 1 } } }`);
  return new UpstreamProxy('users', upstreams['users']!, systemClock, () => 0.5, RESOLVER);
}

const open = ({ breaker }: UpstreamProxy) => breaker.reportProbe(false, '503');
const close = ({ breaker }: UpstreamProxy) => breaker.reportProbe(true, '200');

describe('UpstreamProxy', () => {
  it.each<[what: string, start: (users: UpstreamProxy) => void | Promise<void>]>([
    ['of an open breaker', open],
    [
      'of a ramp',
      (users) => {
        open(users);
        close(users);
      },
    ],
    [
      'that asks for addresses again',
      ({ targets }) =>
        new Promise((resolve) => targets.all[0]?.addresses?.lookup('users.test', {}, () => resolve())),
    ],
  ])('leaves no timer %s when it is closed', async (_, start) => {
    const users = setUp();
    await start(users);
    expect(vi.getTimerCount()).toBe(1);
    await users.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
