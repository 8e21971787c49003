import { expect, it, vi } from 'vitest';
import { limiterId, RateLimiter } from '../modules/rate-limit/rate-limiter.js';
import type { TakeRequest } from './messages.js';
import { PrimaryBuckets } from './primary-buckets.js';

const SCOPE = { kind: 'route', name: 'api' } as const;
const LIMIT = { requests: 9, per: 60_000, burst: 0, key: 'ip', mode: 'enforce' } as const;
const limiter = new RateLimiter(limiterId(SCOPE, LIMIT), SCOPE, LIMIT);
const TAKEN = { isAllowed: true, tokens: 8, refillIn: 1 };

function start() {
  const messages: { id: number; requests: readonly TakeRequest[] }[] = [];
  const buckets = new PrimaryBuckets((id, requests) => void messages.push({ id, requests }));
  return { buckets, messages };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('asks once for all requests of one turn', async () => {
  const { buckets, messages } = start();
  const taken = [buckets.take(limiter, 'a'), buckets.take(limiter, 'b')];
  await turn();
  const later = buckets.take(limiter, 'c');
  await turn();
  expect(messages.map(({ requests }) => requests.map(([, key]) => key))).toEqual([['a', 'b'], ['c']]);
  const refused = { ...TAKEN, isAllowed: false };
  buckets.receive(messages[1]!.id, [TAKEN]);
  buckets.receive(messages[0]!.id, [TAKEN, refused]);
  expect(await Promise.all([...taken, later])).toEqual([TAKEN, refused, TAKEN]);
});

it('has no answer when the primary does not answer in time', async () => {
  vi.useFakeTimers();
  try {
    const { buckets, messages } = start();
    const taken = buckets.take(limiter, 'a');
    await vi.advanceTimersByTimeAsync(200);
    expect(await taken).toBeUndefined();
    // It comes too late.
    buckets.receive(messages[0]!.id, [TAKEN]);
  } finally {
    vi.useRealTimers();
  }
});
