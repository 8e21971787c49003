import { expect, it } from 'vitest';
import { failuresWords, failureWords } from './failure-words.js';

it.each([
  ['upstream_status', '500', 'status 500 from a:80'],
  ['connect_failed', 'ECONNREFUSED', 'connection refused at a:80'],
  ['connect_failed', 'E_NEW', 'no connection (E_NEW) at a:80'],
  ['reset', 'UND_ERR_SOCKET', 'connection closed at a:80'],
  ['try_timeout', 'TimeoutError', 'no response in time from a:80'],
  ['died_mid_body', 'ECONNRESET', 'response cut off from a:80'],
] as const)('says %s %s in words', (outcome, detail, words) => {
  expect(failureWords({ outcome, detail, target: 'a:80' })).toBe(words);
});

it.each([
  ['503', 'health probe: status 503'],
  ['timeout', 'health probe: no response in time'],
])('says that a probe got %s', (detail, words) => {
  expect(failureWords({ outcome: 'probe', detail })).toBe(words);
});

it('makes characters visible that would change how a text reads', () => {
  const target = 'a\u202Eb\u0007';
  expect(failureWords({ outcome: 'upstream_status', detail: '500', target })).toBe(
    'status 500 from a\\u202eb\\u0007',
  );
});

it('counts equal failures, the most frequent first', () => {
  const failure = (detail: string) =>
    ({ outcome: 'upstream_status', detail, target: 'a:80', at: '2026-11-29T03:00:00Z' }) as const;
  expect(failuresWords([failure('500'), failure('502'), failure('502')])).toBe(
    'status 502 from a:80 (2), status 500 from a:80 (1)',
  );
  expect(failuresWords([failure('500'), failure('500')])).toBe('status 500 from a:80');
});
