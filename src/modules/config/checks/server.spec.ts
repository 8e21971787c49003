import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(text: string): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('server', () => {
  it.each([
    ['management: { port: 8080 }', 'management.port'],
    ['server: { port: 9090 }', 'server.port'],
    ['server: { host: 127.0.0.1, port: "9090" }', 'server.port'],
  ])('cannot share its port with management: %s', (text, path) => {
    expect(problems(text)).toEqual([
      `${path}: found the same port for server and management, expected two ports`,
    ]);
  });

  it.each(['server: { port: 0 }\nmanagement: { port: 0 }', 'server: { host: 10.0.0.1, port: 9090 }'])(
    'can use a port of its own: %j',
    (text) => {
      expect(problems(text)).toEqual([]);
    },
  );

  it('is checked even when another of its keys is invalid', () => {
    const text = 'server: { maxBodyBytes: 5MB }\nmanagement: { port: 8080 }';
    expect(problems(text)).toHaveLength(2);
  });
});

describe('management.token', () => {
  it.each([
    'two words',
    '"ends with a line\\n"',
    '"tab\\tbed"',
    'schlüssel',
    '"\\0"',
    '12345678901234567890',
  ])('is refused when no client can send it: %s', (token) => {
    expect(problems(`management: { token: ${token} }`)).toEqual([
      expect.stringMatching(/^management\.token: found .*, expected text of visible ASCII characters/),
    ]);
  });

  it.each(['""', 'a-token_of~all.kinds+of/characters=', "'!#$%&()*'"])('can be %s', (token) => {
    expect(problems(`management: { token: ${token} }`)).toEqual([]);
  });
});
