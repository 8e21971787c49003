import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function parse(redis: string) {
  return parseConfig(`redis: ${redis}`, { file: '/gateway.yaml', env: {}, readFile: () => '' });
}

function problems(redis: string): string[] {
  const result = parse(redis);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('redis', () => {
  it('suggests a URL without the password that was written', () => {
    const [problem] = problems('{ url: "http://:hunter2@cache" }');
    expect(problem).toContain('did you mean `redis://***@cache`?');
    expect(problem).not.toContain('hunter2');
  });

  it('is off by default and has short timeouts', () => {
    expect(parse('{}')).toMatchObject({
      ok: true,
      config: {
        redis: { url: '', keyPrefix: 'breakwater:', connectTimeout: 1_000, commandTimeout: 50 },
      },
    });
  });

  it.each([
    '{ url: "" }',
    '{ url: "redis://cache" }',
    '{ url: "redis://:p%40ss@[::1]:6379/2" }',
    '{ url: "rediss://me:secret@cache.example.com:6380", tls: { serverName: cache } }',
    '{ url: "", cluster: ["redis://a:7000", "redis://b:7000"] }',
    '{ sentinel: { name: main, nodes: ["rediss://:pw@s1:26379"], password: x, database: 1 } }',
    '{ url: "redis://cache", keyPrefix: "" }',
  ])('accepts %s', (redis) => {
    expect(problems(redis)).toEqual([]);
  });

  const server = 'redis.url: found URL, expected a Redis URL such as redis://cache:6379';
  it.each([
    ['{ url: "http://cache" }', server.replace('URL', '"http://cache"')],
    ['{ url: "redis:///1" }', server.replace('URL', '"redis:///1"')],
    ['{ url: "redis://cache/one" }', server.replace('URL', '"redis://cache/one"')],
    ['{ url: "redis://cache?db=1" }', server.replace('URL', '"redis://cache?db=1"')],
    ['{ url: "redis://:hunter2%@cache" }', server.replace('URL', '"redis://***@cache"')],
    ['{ url: 6379 }', server.replace('URL', '6379')],
    [
      '{ cluster: ["redis://a/1"] }',
      'redis.cluster[0]: found "redis://a/1", expected a Redis URL without a database',
    ],
    ['{ cluster: [] }', 'redis.cluster: found a list, expected at least one node'],
    [
      '{ cluster: ["redis://a", "rediss://b"] }',
      'redis.cluster: found a list, expected URLs of one scheme: all redis:// or all rediss://',
    ],
    ['{ sentinel: { nodes: ["redis://a"] } }', 'redis.sentinel.name: missing, expected the name of a master'],
    [
      '{ sentinel: { name: main, nodes: ["redis://a"], password: 4711 } }',
      'redis.sentinel.password: found a value that is not shown, expected text',
    ],
    [
      '{ url: "redis://a", cluster: ["redis://b"] }',
      'redis.cluster: found `cluster` beside `url`, expected one of them',
    ],
    [
      '{ url: "redis://a", tls: { serverName: a } }',
      'redis.tls: found `tls` beside a redis:// URL, expected rediss:// for TLS',
    ],
    ['{ url: "redis://a", keyPrefix: "{x}" }', 'redis.keyPrefix: found "{x}", expected letters, digits'],
    [
      '{ url: "rediss://a", tls: { ca: nonsense } }',
      'redis.tls.ca: found "nonsense", expected certificates as PEM',
    ],
    ['{ cluster: ["rediss://a"], tls: { cert: nonsense } }', 'redis.tls.cert: found'],
    ['{ commandTimeout: 0ms }', 'redis.commandTimeout: found "0ms", expected'],
  ])('refuses %s', (redis, message) => {
    expect(problems(redis)[0]).toEqual(expect.stringContaining(message));
  });
});
