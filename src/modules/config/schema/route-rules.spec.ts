import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function parse(key: string, server = '{}') {
  const text = `server: ${server}\nupstreams: { u: { url: http://u } }\nroutes: [{ id: r, match: { path: /r }, upstream: u, ${key} }]`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? result.config.routes[0] : result.problems.map(({ message }) => message);
}

describe('a route', () => {
  it.each([
    ['maintenance: true', { maintenance: { retryAfter: 60_000 } }],
    [
      'maintenance: { retryAfter: 1h, message: Soon }',
      { maintenance: { retryAfter: 3_600_000, message: 'Soon' } },
    ],
    ['maintenance: "false"', { maintenance: undefined }],
    ['access: {}', { access: { allow: [], deny: [] } }],
    ['access: { allow: [10.0.0.0/8] }', { access: { allow: ['10.0.0.0/8'], deny: [] } }],
    ['cors: "off"', { cors: { origins: [], credentials: false } }],
    ['cors: off', { cors: { origins: [] } }],
    ['cors: { origins: ["*"] }', { cors: { origins: ['*'], methods: expect.arrayContaining(['GET']) } }],
    [
      'limits: { contentTypes: [Image/*, text/x-a+b] }',
      { limits: { contentTypes: ['image/*', 'text/x-a+b'] } },
    ],
  ])('reads %s', (key, expected) => {
    expect(parse(key)).toMatchObject(expected);
  });

  it.each([
    ['maintenance: soon', 'found "soon", expected true, false or a mapping such as { retryAfter: 10m }'],
    ['maintenance: { retryAfter: 0s }', 'found "0s", expected a duration'],
    ['access: { allow: [10.0.0.0/33] }', 'found "10.0.0.0/33", expected an address or a CIDR block'],
    ['access: { deny: [fe80::1%eth0] }', 'expected an address or a CIDR block'],
    ['access: { permit: [] }', 'unknown key "permit"'],
    ['cors: { origins: ["*"], credentials: true }', 'expected false while origins has "*"'],
    ['cors: on', 'found "on", expected off, or a mapping'],
    ['limits: { contentTypes: [] }', 'expected at least one media type'],
    ['limits: { contentTypes: ["*/*"] }', 'found "*/*", expected a media type'],
    ['limits: { contentTypes: ["text/html; charset=a"] }', 'expected a media type'],
    ['limits: { maxQueryBytes: 1 }', 'found 1, expected a size'],
  ])('refuses %s', (key, message) => {
    expect(parse(key)).toEqual([expect.stringContaining(message)]);
  });
});

describe('server.errors', () => {
  it.each([
    '{ typeBase: /relative/ }',
    '{ typeBase: "urn:a b" }',
    '{ bodies: [{ contentType: text/javascript, body: x }] }',
    '{ bodies: [{ contentType: text/html; charset=utf-8, body: x }] }',
    '{ bodies: [{ contentType: text/html, body: "" }] }',
    '{ bodies: [{ statuses: [600], contentType: text/html, body: x }] }',
  ])('refuses %s', (errors) => {
    expect(parse('', `{ errors: ${errors} }`)).toEqual([expect.stringMatching(/^found .*, expected /)]);
  });

  it.each(['application/problem+json', 'application/xhtml+xml', 'text/plain'])(
    'accepts bodies of %s',
    (type) => {
      expect(parse('', `{ errors: { bodies: [{ contentType: ${type}, body: x }] } }`)).toMatchObject({
        id: 'r',
      });
    },
  );
});
