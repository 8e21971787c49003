import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

const DEFAULTS = {
  idleTimeout: 300_000,
  closeOnExpiry: true,
  maxMessageBytes: 16 * 1024 * 1024,
  maxControlFrames: 100,
};

function parse(websocket: string) {
  const text = `upstreams: { u: { url: http://u } }\nroutes: [{ id: r, match: { path: /r }, upstream: u, ${websocket} }]`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? result.config.routes[0]?.websocket : result.problems.map(({ message }) => message);
}

it.each([
  ['', undefined],
  ['websocket: false', undefined],
  ['websocket: true', DEFAULTS],
  ['websocket: {}', DEFAULTS],
  ['websocket: { idleTimeout: 10s }', { ...DEFAULTS, idleTimeout: 10_000 }],
  ['websocket: { closeOnExpiry: false }', { ...DEFAULTS, closeOnExpiry: false }],
  ['websocket: { maxMessageBytes: 1GiB }', { ...DEFAULTS, maxMessageBytes: 1024 ** 3 }],
  ['websocket: { maxMessageBytes: 0 }', [expect.stringContaining('found 0, expected')]],
  ['websocket: { maxControlFrames: 5 }', { ...DEFAULTS, maxControlFrames: 5 }],
  ['websocket: { maxControlFrames: 0 }', [expect.stringContaining('found 0, expected')]],
  ['websocket: { origins: [] }', { ...DEFAULTS, origins: [] }],
  ['websocket: { origins: ["https://a.test"] }', { ...DEFAULTS, origins: ['https://a.test'] }],
  ['websocket: { origins: [a.test] }', [expect.stringContaining('found "a.test", expected an origin')]],
  ['websocket: often', ['found "often", expected true, false or a mapping such as { idleTimeout: 5m }']],
  ['websocket: { idle: 5m }', [expect.stringContaining('unknown key "idle"')]],
])('a route with %s', (websocket, expected) => {
  expect(parse(websocket)).toEqual(expected);
});
