import { describe, expect, it } from 'vitest';
import { CancellationSource } from '../../../common/cancellation.js';
import type { Outcome } from '../../../common/errors/outcomes.js';
import { Deadline } from '../../../common/resilience/deadline.js';
import type { Target } from '../target.js';
import type { Call } from '../transport/call.js';
import { UpstreamError } from '../upstream.error.js';
import { Retrier, type TryOnce } from './retrier.js';

const CONFIG = {
  attempts: 1,
  on: ['connect' as const],
  backoff: { base: 0, max: 0 },
  budget: 0.2,
  perTryTimeout: undefined,
  maxBodyBytes: 0,
};

interface Failure {
  readonly outcome: Outcome;
  /** What happens meanwhile. */
  readonly meanwhile?: () => void;
}

/** A retrier over three targets, of which all but the last fail as they are told. */
function setUp(failures: readonly Failure[]) {
  const clock = { at: 0, now: () => clock.at, wall: () => clock.at };
  const client = new CancellationSource();
  const retried: string[] = [];
  let tries = 0;
  const tryOnce: TryOnce = async ({ tried }) => {
    tried.push({} as Target);
    const failure = failures[tries++];
    if (!failure) return { status: 200, headers: {} } as Call;
    failure.meanwhile?.();
    throw new UpstreamError('users', failure.outcome);
  };
  const retrier = new Retrier(CONFIG, {
    clock,
    random: () => 0,
    targets: { hasOther: (tried) => tried.length < 3 },
    breaker: { isRejecting: false },
    maxGathered: 0,
  });
  retrier.retried.on((reason) => retried.push(reason));
  const run = async (method = 'POST') => {
    const request = { method, path: '/', signal: client };
    const deadline = new Deadline(clock, 100);
    deadline.start();
    const end = await retrier.run(request, deadline, tryOnce).then(
      ({ status }) => status,
      ({ outcome }: UpstreamError) => outcome,
    );
    return { end, tries, retried };
  };
  return { clock, client, run };
}

describe('a target that accepts no connection', () => {
  it('is passed over at once for any method, and does not count as one of `attempts`', async () => {
    const { run } = setUp([{ outcome: 'connect_failed' }, { outcome: 'connect_failed' }]);
    expect(await run()).toEqual({ end: 200, tries: 3, retried: ['connect', 'connect'] });
  });

  it('is passed over in the same way when it is the gateway that cannot connect', async () => {
    const { run } = setUp([{ outcome: 'connect_blocked' }, { outcome: 'connect_blocked' }]);
    expect(await run()).toEqual({ end: 200, tries: 3, retried: ['connect', 'connect'] });
  });

  it.each(['POST', 'GET'])('ends the call of a client that has left meanwhile: %s', async (method) => {
    const { client, run } = setUp([{ outcome: 'connect_failed', meanwhile: () => client.abort() }]);
    expect(await run(method)).toEqual({ end: 'connect_failed', tries: 1, retried: [] });
  });

  it.each(['POST', 'GET'])('ends the call whose deadline has run out: %s', async (method) => {
    const { clock, run } = setUp([{ outcome: 'connect_failed', meanwhile: () => (clock.at = 100) }]);
    expect(await run(method)).toEqual({ end: 'connect_failed', tries: 1, retried: [] });
  });

  it('is passed over while a millisecond of the deadline is left', async () => {
    const { clock, run } = setUp([{ outcome: 'connect_failed', meanwhile: () => (clock.at = 99) }]);
    expect(await run()).toMatchObject({ end: 200, tries: 2 });
  });

  it('is passed over, and a target that resets the connection is not', async () => {
    const { run } = setUp([{ outcome: 'reset' }]);
    expect(await run()).toEqual({ end: 'reset', tries: 1, retried: [] });
  });
});
