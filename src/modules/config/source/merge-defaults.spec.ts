import { describe, expect, it } from 'vitest';
import { ConfigValue } from './config-value.js';
import { mergeDefaults } from './merge-defaults.js';
import { readYaml } from './read-yaml.js';

function merged(text: string): ConfigValue {
  return new ConfigValue(
    mergeDefaults(readYaml(text, { file: '/gateway.yaml', env: {}, readFile: () => '' }).root!),
  );
}

const TEXT = `
defaults:
  timeout: 5s
  breaker: { errorRate: 20%, failureStatuses: [500, 503] }
  fallback: { response: { headers: { x-a: "1" }, body: { error: away, hint: later } } }
upstreams:
  users:
    url: http://users
    breaker: { failureStatuses: [502], window: 30s }
    fallback: { response: { headers: { x-b: "2" }, body: { error: gone } } }
  orders: {}
`;

describe('mergeDefaults', () => {
  it('merges mappings key by key; lists, scalars and bodies are replaced whole', () => {
    expect(merged(TEXT).at('upstreams', 'users').value).toEqual({
      url: 'http://users',
      timeout: '5s',
      breaker: { errorRate: '20%', failureStatuses: [502], window: '30s' },
      fallback: { response: { headers: { 'x-a': '1', 'x-b': '2' }, body: { error: 'gone' } } },
    });
  });

  it('keeps the position of a merged value', () => {
    const config = merged(TEXT);
    const timeout = config.at('upstreams', 'orders', 'timeout');
    expect(timeout.isInherited).toBe(true);
    expect(timeout.problem('m')).toEqual({
      path: 'defaults.timeout',
      line: 3,
      column: 12,
      message: 'm',
    });
    expect(config.at('upstreams', 'users', 'breaker', 'window').isInherited).toBe(false);
    expect(config.at('upstreams', 'users', 'pool').isInherited).toBe(false);
  });

  it('never merges a URL', () => {
    const config = merged('defaults: { url: http://other }\nupstreams: { users: {} }');
    expect(config.at('upstreams', 'users').value).toEqual({});
  });

  it.each([
    ['{ upstream: b }', { upstream: 'b' }, undefined],
    ['{ upstream: b, stale: true }', { upstream: 'b', stale: true }, { stale: true }],
    ['{ upstream: c }', { upstream: 'c' }, { upstream: 'c' }],
  ])('never makes an upstream its own fallback: %s', (fallback, ofA, ofB) => {
    const config = merged(`defaults: { fallback: ${fallback} }\nupstreams: { a: {}, b: {} }`);
    const of = (id: string) => config.at('upstreams', id, 'fallback').value;
    expect([of('a'), of('b')]).toEqual([ofA, ofB]);
  });

  it.each([
    'upstreams: 3\ndefaults: {}',
    'defaults: 3\nupstreams: { a: {} }',
    'defaults: { timeout: 1s }\nupstreams: { a: 3 }',
  ])('ignores what is not a mapping: %j', (text) => {
    const { root } = readYaml(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
    expect(merged(text).value).toEqual(root!.value);
  });
});
