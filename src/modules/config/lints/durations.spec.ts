import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

const ONE = 'url: http://users';
const TWO = 'targets: [{ url: http://a }, { url: http://b }]';
const config = (upstream: string, route = '') => `
upstreams: { users: { ${upstream} } }
routes: [{ id: r, match: { path: /r }, upstream: users, ${route} }]`;

describe('durations of an upstream', () => {
  it.each([
    ['breaker: { window: 2s }', 'breaker.window: breaker.window (2s) is below timeout (3s)'],
    ['timeout: 500ms', 'connectTimeout: connectTimeout (1s) is not below timeout (500ms)'],
    ['connectTimeout: 3s', 'connectTimeout: connectTimeout (3s) is not below timeout (3s)'],
    [
      'connectTimeout: 1s, retry: { perTryTimeout: 1s }',
      'connectTimeout: connectTimeout (1s) is not below retry.perTryTimeout (1s): it can never fire first',
    ],
    ['breaker: { openFor: 2m }', 'breaker.openFor: breaker.openFor (2m) is above breaker.maxOpenFor (1m)'],
    [
      'retry: { attempts: 2, perTryTimeout: 2s }',
      'retry.perTryTimeout: retry.perTryTimeout (2s) for 3 tries is above timeout (3s)',
    ],
    [
      'retry: { backoff: { base: 300ms } }',
      'retry.backoff.base: retry.backoff.base (300ms) is above retry.backoff.max (250ms): it is never reached',
    ],
    [
      'retry: { backoff: { base: 3s, max: 3s } }',
      'retry.backoff.base: retry.backoff.base (3s) is not below timeout (3s): most retries would come too late',
    ],
    ['health: { timeout: 15s }', 'health.timeout: health.timeout (15s) is not below health.interval (15s)'],
    [
      'health: { unhealthyInterval: 2s }',
      'health.unhealthyInterval: health.unhealthyInterval (2s) is not above health.timeout (2s)',
    ],
    [
      'health: { unhealthyInterval: 16s }',
      'health.unhealthyInterval: health.unhealthyInterval (16s) is above health.interval (15s)',
    ],
  ])('%s', (rest, warning) => {
    expect(warningsOf(config(`${ONE}, ${rest}`))).toEqual([
      expect.stringContaining(`upstreams.users.${warning}`),
    ]);
  });

  it.each([
    ['hedge: { after: 3s }', 'hedge.after (3s) is not below timeout (3s): it never comes'],
    [
      'hedge: { after: 1s }, retry: { perTryTimeout: 1s }',
      'hedge.after (1s) is not below retry.perTryTimeout (1s): it never comes',
    ],
  ])('with several targets, %s', (rest, warning) => {
    expect(warningsOf(config(`${TWO}, ${rest}`))).toEqual([`upstreams.users.hedge.after: ${warning}`]);
  });

  it.each([
    'hedge: { after: p95 }, retry: { perTryTimeout: 1s }',
    'hedge: { after: 2s }',
    // Defaults of theirs are above or below these.
    'retry: { perTryTimeout: 500ms, backoff: { max: 10ms } }',
    'health: { interval: 2500ms, timeout: 1s }',
    'health: { timeout: 4s }',
    'connectTimeout: 1s, retry: { perTryTimeout: 1500ms }',
  ])('nothing is wrong with %s', (rest) => {
    expect(warningsOf(config(`${TWO}, ${rest}`))).toEqual([]);
  });

  it('of the defaults are warned of once, where they are', () => {
    const text = `
defaults: { health: { timeout: 20s } }
upstreams: { users: { url: http://users }, orders: { url: http://orders } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: orders }] }]`;
    expect(warningsOf(text)).toEqual([
      expect.stringContaining('defaults.health.timeout: health.timeout (20s)'),
    ]);
  });
});

describe('the timeout of a route', () => {
  it.each([
    [ONE, '500ms', 'connectTimeout (1s) of users is not below timeout (500ms): it can never fire first'],
    [
      ONE,
      '11s',
      'breaker.window (10s) of users is below timeout (11s): requests that time out are forgotten',
    ],
    [
      `${ONE}, retry: { perTryTimeout: 1200ms }`,
      '2s',
      'retry.perTryTimeout (1200ms) of users for 2 tries is above timeout (2s): the deadline ends the last',
    ],
    [`${TWO}, hedge: { after: 2s }`, '2s', 'hedge.after (2s) of users is not below timeout (2s): it never'],
    [
      `${ONE}, retry: { backoff: { base: 2s, max: 2s } }`,
      '2s',
      'retry.backoff.base (2s) of users is not below timeout (2s)',
    ],
  ])('%s with %s', (upstream, timeout, warning) => {
    expect(warningsOf(config(upstream, `timeout: ${timeout}`))).toEqual([
      expect.stringContaining(`routes[0].timeout: ${warning}`),
    ]);
  });

  it('is held against each side of a split', () => {
    const text = `
upstreams: { users: { url: http://users }, next: { url: http://next, connectTimeout: 2s } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: next }], timeout: 2s }]`;
    expect(warningsOf(text)).toEqual([expect.stringContaining('connectTimeout (2s) of next is not below')]);
  });

  it('is not blamed for what is wrong in the upstream anyway', () => {
    expect(warningsOf(config(`${ONE}, breaker: { openFor: 2m }`, 'timeout: 4s'))).toEqual([
      expect.stringContaining('upstreams.users.breaker.openFor'),
    ]);
  });
});
