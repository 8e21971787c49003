import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { Bulkhead } from '../../common/resilience/bulkhead.js';
import { LimitLearner } from './limit-learner.js';
import type { UpstreamRequest } from './upstream.types.js';

const FIRST_LIMIT = 16;
const GET = { method: 'GET', path: '/' };

function setUp() {
  const config = configOf(
    'upstreams: { users: { url: http://users, bulkhead: { adaptive: true }, breaker: { failureStatuses: [500, 503] } } }',
  ).upstreams['users']!;
  const time = { now: 0 };
  const bulkhead = new Bulkhead(config.bulkhead);
  const learner = new LimitLearner(bulkhead, config, { now: () => time.now, wall: () => time.now });
  /** Tries whose heads take so long, one after the other. */
  const heads = (times: number, ms: number, status = 200, request: UpstreamRequest = GET) => {
    for (let i = 0; i < times; i++) {
      const startedAt = time.now;
      time.now += ms;
      learner.recordHead(status, request, startedAt);
    }
  };
  return { time, bulkhead, learner, heads };
}

describe('LimitLearner', () => {
  it('starts low, and lowers the limit when heads take longer than before', () => {
    const { bulkhead, heads } = setUp();
    expect(bulkhead.limit).toBe(FIRST_LIMIT);
    heads(50, 20);
    expect(bulkhead.limit).toBe(FIRST_LIMIT);
    heads(50, 200);
    expect(bulkhead.limit).toBeLessThan(FIRST_LIMIT);
  });

  it.each([
    ["uploads, whose time is the client's", 200, { method: 'PUT', path: '/', body: Readable.from(['x']) }],
    ['failures, which take as long as they like', 500, GET],
  ])('does not learn from %s', (_, status, request) => {
    const { bulkhead, heads } = setUp();
    heads(50, 20);
    heads(50, 200, status, request);
    expect(bulkhead.limit).toBe(FIRST_LIMIT);
  });

  it('lowers the limit for a 503', () => {
    const { bulkhead, heads } = setUp();
    heads(50, 20, 503);
    expect(bulkhead.limit).toBeLessThan(FIRST_LIMIT);
  });

  it.each([
    ['deadline', true],
    ['try_timeout', true],
    ['reset', false],
    ['client_gone', false],
    ['success', false],
  ] as const)('after tries that end with %s, is the limit lower? %s', (outcome, isLower) => {
    const { bulkhead, learner, time } = setUp();
    for (let i = 0; i < 10; i++) {
      time.now += 100;
      learner.recordTry(outcome);
    }
    expect(bulkhead.limit < FIRST_LIMIT).toBe(isLower);
  });
});
