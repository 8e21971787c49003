import { describe, expect, it } from 'vitest';
import { formatProblems } from '../problem.js';
import { ConfigValue } from '../source/config-value.js';
import { mergeDefaults } from '../source/merge-defaults.js';
import { readYaml } from '../source/read-yaml.js';
import { gatewaySchema } from './gateway.js';
import { validate } from './validate.js';

const ENV = { PORT: '8443', WORD: 'hunter2', ON: 'true' };

function config(text: string): ConfigValue {
  const { root } = readYaml(text, { file: '/gateway.yaml', env: ENV, readFile: () => '' });
  return new ConfigValue(mergeDefaults(root!));
}

function problems(text: string): string[] {
  return formatProblems('f', validate(gatewaySchema, config(text)).problems).split('\n');
}

function route(auth: string): string {
  return `routes: [{ id: r, match: { path: /r }, upstream: u, auth: ${auth} }]`;
}

function match(more: string): string {
  return `routes: [{ id: r, match: { path: /r, ${more} }, upstream: u }]`;
}

function headers(entries: string): string {
  return `upstreams: { u: { url: http://u, fallback: { response: { headers: { ${entries} } } } } }`;
}

describe('validate', () => {
  it.each([
    ['server:\n  port: http', 'f:2:9 server.port: found "http", expected a port from 0 to 65535'],
    ['server:\n  host:', 'f:2:3 server.host: found nothing, expected an address or host name'],
    ['server:', 'f:1:1 server: found nothing, expected a mapping with keys such as host, port, trustProxy'],
    ['upstreams:', 'f:1:1 upstreams: found nothing, expected a mapping from names to values'],
    ['routes: {}', 'f:1:1 routes: found a mapping, expected a list of mappings with keys such as id, match'],
    [
      'upstreams: { u: { targets: http://u } }',
      'f:1:28 upstreams.u.targets: found "http://u", expected a list of mappings with keys such as url, weight',
    ],
    [match('methods: GET'), 'match.methods: found "GET", expected a list, as in [GET]'],
    [match('methods: "GET, POST"'), 'match.methods: found "GET, POST", expected a list, as in [GET, POST]'],
    [
      match('hosts: "*.a.example"'),
      'match.hosts: found "*.a.example", expected a list, as in ["*.a.example"]',
    ],
    [match('hosts: { a: 1 }'), 'match.hosts: found a mapping, expected a list'],
    [match('hosts: [10.5]'), 'match.hosts[0]: found 10.5, expected a host such as api.example.com'],
    [
      'auth: { main: { algorithms: RS256 } }',
      'f:1:29 auth.main.algorithms: found "RS256", expected a list, as in [RS256]',
    ],
    [
      'upstreams: { u: { url: http://u, health: { statuses: 200 } } }',
      'f:1:54 upstreams.u.health.statuses: found 200, expected a list, as in [200]',
    ],
    [
      'upstreams: { u: { url: http://u, breaker: { failureStatuses: [599-500] } } }',
      'breaker.failureStatuses[0]: found "599-500", expected a status such as 200, or a range',
    ],
    [
      'routes: [{ id: r, match: { path: /r }, upstream: u, hosts: [a] }]',
      'f:1:53 routes[0].hosts: unknown key "hosts" beside `match`; it belongs inside: match: { hosts: … }',
    ],
    [
      'routes: [{ id: r, match: { path: /r }, upstream: u, rateLimit: { requests: 9, per: 1500ms } }]',
      'routes[0].rateLimit.per: found "1500ms", expected whole seconds such as 1s',
    ],
    [
      'routes: [{ id: r, match: { path: /r }, upstream: u, rateLimit: 100 }]',
      'found 100, expected a limit such as { requests: 100, per: 1m }, or a list of at least one',
    ],
    ['upstreams: { u: { url: http://u, rateLimit: 1 } }', 'unknown key "rateLimit"'],
    [
      'upstreams: { u: { targets: [] } }',
      'f:1:19 upstreams.u.targets: found a list, expected at least one target',
    ],
    [
      'servr: {}',
      'f:1:1 servr: unknown key "servr"; did you mean `server`? Known here: server, management, log,',
    ],
    [
      'upstreams: { u: "url:http://u" }',
      'with keys such as url, targets, balancer; a blank is missing after the colon',
    ],
    ['server: { 8: 1 }', 'f:1:11 server.8: unknown key "8"; known here: host, port,'],
    ['server: { constructor: 1 }', 'f:1:11 server.constructor: unknown key "constructor"; known here: host,'],
    ['server: { port: "${WORD}" }', 'f:1:17 server.port: found "hunter2" from "${WORD}", expected a port'],
    [
      'server: { cors: { origins: ["*"], credentials: true } }',
      'server.cors.credentials: found true, expected false while',
    ],
    [
      'server: { sendTimeout: 0s }',
      'f:1:24 server.sendTimeout: found "0s", expected a duration such as 250ms, 3s, 5m or 1h (above 0',
    ],
    ['server: { maxBodyBytes: 10MB }', 'f:1:25 server.maxBodyBytes: found "10MB", expected a size such as'],
    ['server: { maxBodyBytes: 10MB }', '1GiB; did you mean `10MiB`?'],
    ['cache: { maxBytes: 64 k }', '(above 0); did you mean `64KiB`?'],
    [
      'cache: { maxBytes: 64 }',
      'f:1:20 cache.maxBytes: found 64, expected a size such as 512B, 16KiB, 10MiB or 1GiB',
    ],
  ])('reports %j', (text, problem) => {
    expect(problems(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('reports the issues of the union branch that the user meant', () => {
    expect(problems(route('{ optinal: true, forward: 3 }'))).toEqual([
      expect.stringContaining('routes[0].auth.optinal: unknown key "optinal"; did you mean `optional`?'),
      expect.stringContaining('routes[0].auth.forward: found 3, expected true or false'),
    ]);
    expect(problems(route('nobody'))).toEqual([
      expect.stringContaining('routes[0].auth: found "nobody", expected `none`, or a mapping'),
    ]);
  });

  it('reports an invalid key at the key', () => {
    expect(problems(headers('bad name: x'))).toEqual([
      'f:1:69 upstreams.u.fallback.response.headers["bad name"]: found "bad name", expected a header name such as x-api-version',
    ]);
    expect(problems(headers('Content-Length: "5", X-A: 1'))).toEqual([
      expect.stringContaining(
        'found "Content-Length", expected a header that the gateway does not set itself',
      ),
      expect.stringContaining('found 1, expected a header value'),
    ]);
    expect(problems(headers('X-A: a, x-a: b'))).toEqual([
      expect.stringContaining('headers.x-a: found "x-a", expected each header once'),
    ]);
  });

  it('reports an invalid default once, where it is written', () => {
    const upstreams = 'upstreams: { a: { url: http://a }, b: { url: http://b } }';
    expect(problems(`defaults: { timeout: soon, poool: {} }\n${upstreams}`)).toEqual([
      expect.stringContaining('f:1:22 defaults.timeout: found "soon"'),
      expect.stringContaining('f:1:28 defaults.poool: unknown key "poool"; did you mean `pool`?'),
    ]);
  });

  it('accepts substituted text for numbers and booleans', () => {
    const { parsed } = validate(
      gatewaySchema,
      config('server: { port: "${PORT}", cors: { credentials: "${ON}" } }'),
    );
    expect(parsed?.server).toMatchObject({ port: 8443, cors: { credentials: true } });
  });

  it('does not report the value of a missing variable', () => {
    expect(validate(gatewaySchema, config('server: { port: "${MISSING}" }')).problems).toEqual([]);
  });
});
