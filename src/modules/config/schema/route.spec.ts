import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function parse(websocket: string) {
  const text = `upstreams: { u: { url: http://u } }\nroutes: [{ id: r, match: { path: /r }, upstream: u, ${websocket} }]`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? result.config.routes[0]?.websocket : result.problems.map(({ message }) => message);
}

it.each([
  ['', undefined],
  ['websocket: false', undefined],
  ['websocket: true', { idleTimeout: 300_000 }],
  ['websocket: {}', { idleTimeout: 300_000 }],
  ['websocket: { idleTimeout: 10s }', { idleTimeout: 10_000 }],
  ['websocket: often', ['found "often", expected true, false or a mapping such as { idleTimeout: 5m }']],
  ['websocket: { idle: 5m }', [expect.stringContaining('unknown key "idle"')]],
])('a route with %s', (websocket, expected) => {
  expect(parse(websocket)).toEqual(expected);
});
