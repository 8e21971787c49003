import { describe, expect, it } from 'vitest';
import type { RetryConfig } from '../../config/gateway-config.js';
import { isRepeatable, RetryPolicy } from './retry-policy.js';

const CONFIG: RetryConfig = {
  attempts: 1,
  on: ['connect', 'reset', 502, 503, 504],
  backoff: { base: 25, max: 250 },
  budget: 0.2,
  maxBodyBytes: 1024,
};

const policy = (config: Partial<RetryConfig> = {}) => new RetryPolicy({ ...CONFIG, ...config }, () => 0.5);
const get = { method: 'GET', path: '/' };
const post = { method: 'POST', path: '/' };
const keyed = { ...post, headers: ['Idempotency-Key', 'k1'] };

describe('RetryPolicy', () => {
  it.each([
    ['connect_failed', 'connect'],
    ['reset', 'reset'],
    ['malformed_response', 'reset'],
    ['try_timeout', 'timeout'],
    ['deadline', undefined],
    ['died_mid_body', undefined],
    ['client_gone', undefined],
    ['body_too_large', undefined],
  ] as const)('retries %s as %s', (outcome, reason) => {
    expect(policy().reason(get, { outcome })).toBe(reason);
  });

  it('retries the listed statuses', () => {
    expect(policy().reason(get, { outcome: 'success', status: 503 })).toBe('503');
    expect(policy().reason(get, { outcome: 'success', status: 500 })).toBeUndefined();
    expect(policy({ on: [500] }).reason(get, { outcome: 'success', status: 500 })).toBe('500');
    expect(policy({ on: [500] }).reason(get, { outcome: 'reset' })).toBeUndefined();
  });

  it('repeats a POST only when it was never sent, or carries an Idempotency-Key', () => {
    expect(policy().reason(post, { outcome: 'reset' })).toBeUndefined();
    expect(policy().reason(post, { outcome: 'success', status: 503 })).toBeUndefined();
    expect(policy().reason(post, { outcome: 'connect_failed' })).toBe('connect');
    expect(policy().reason(keyed, { outcome: 'reset' })).toBe('reset');
  });

  it.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE'])('repeats %s', (method) => {
    expect(isRepeatable({ method, path: '/' })).toBe(true);
  });

  it.each(['POST', 'PATCH', 'LOCK'])('does not repeat %s', (method) => {
    expect(isRepeatable({ method, path: '/' })).toBe(false);
  });

  it('does not mistake a header value for a header name', () => {
    expect(isRepeatable({ ...post, headers: ['X', 'idempotency-key'] })).toBe(false);
  });

  it('pauses as long as Retry-After says, in seconds or by date, or else at random', () => {
    const now = Date.parse('2026-11-23T10:00:00Z');
    const end = { outcome: 'success', status: 503 } as const;
    expect(policy().pause(1, end, now)).toBe(25);
    expect(policy().pause(0, { ...end, retryAfter: '2' }, now)).toBe(2_000);
    expect(policy().pause(0, { ...end, retryAfter: 'Mon, 23 Nov 2026 10:00:03 GMT' }, now)).toBe(3_000);
  });

  it.each(['0', 'Mon, 23 Nov 2026 09:00:00 GMT', 'soon', '1.5', '-5', 'banana 7'])(
    'spreads retries out whatever the upstream says: %s',
    (retryAfter) => {
      const now = Date.parse('2026-11-23T10:00:00Z');
      expect(policy().pause(0, { outcome: 'success', status: 503, retryAfter }, now)).toBe(12.5);
    },
  );
});
