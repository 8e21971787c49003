import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

/** The suggestion in the problems of a configuration that has only this. */
function suggestions(text: string): string[] {
  const result = parseConfig(text, {
    file: 'f',
    env: { TIMEOUT: '3000', API_TOKEN: '3000' },
    readFile: () => '',
  });
  return (result.ok ? [] : result.problems).flatMap(
    ({ message }) => /did you mean `(.*)`\?/.exec(message)?.[1] ?? [],
  );
}

const upstream = (rest: string) => `upstreams: { u: { ${rest} } }`;
const route = (rest: string) =>
  `upstreams: { u: { url: http://u } }\nroutes: [{ id: r, upstream: u, ${rest} }]`;
const match = (rest: string) => route(`match: { path: /r, ${rest} }`);

describe('the suggestion for a wrong value', () => {
  it.each([
    ['server: { headersTimeout: 3000 }', '3s'],
    ['server: { headersTimeout: 90500 }', '90500ms'],
    ['server: { headersTimeout: "3 s" }', '3s'],
    ['server: { headersTimeout: 1d }', '24h'],
    ['server: { headersTimeout: 5min }', '5m'],
    ['server: { headersTimeout: 1.5s }', '1500ms'],
    ['server: { headersTimeout: 1h30m }', '90m'],
    ['server: { headersTimeout: "${TIMEOUT}" }', '3s'],
    ['server: { maxBodyBytes: 1048576 }', '1MiB'],
    ['server: { maxBodyBytes: 10MB }', '10MiB'],
    ['server: { maxBodyBytes: 64 k }', '64KiB'],
    ['server: { maxBodyBytes: 1.5G }', '1536MiB'],
    ['server: { cors: { credentials: yes } }', 'true'],
    ['server: { cors: { credentials: Off } }', 'false'],
    ['server: { cors: { origins: [https://app.example.com/] } }', 'https://app.example.com'],
    ['server: { cors: { origins: [app.example.com] } }', 'https://app.example.com'],
    ['server: { host: "0.0.0.0:8080" }', '0.0.0.0'],
    ['redis: { url: "cache:6379" }', 'redis://cache:6379'],
    [upstream('url: "localhost:3001"'), 'http://localhost:3001'],
    [upstream('url: users'), 'http://users'],
    [upstream('url: api.example.com/v1'), 'https://api.example.com/v1'],
    [upstream('url: "ws://users:1"'), 'http://users:1'],
    [upstream('url: $USERS_URL'), '${USERS_URL}'],
    [upstream('url: http://u, breaker: { errorRate: 0.5 }'), '50%'],
    [upstream('url: http://u, breaker: { errorRate: 50 }'), '50%'],
    [upstream('url: http://u, breaker: { errorRate: "7 %" }'), '7%'],
    [upstream('url: http://u, breaker: { failureStatuses: [5xx] }'), '500-599'],
    [upstream('url: http://u, breaker: { mode: shadows }'), 'shadow'],
    [upstream('url: http://u, balancer: roundrobin'), 'round-robin'],
    [upstream('url: http://u, health: { path: health }'), '/health'],
    [upstream('url: http://u, hedge: { after: P95 }'), 'p95'],
    [route('match: { path: users }'), '/users'],
    [match('hosts: [https://api.example.com]'), 'api.example.com'],
    [match('hosts: ["api.example.com:8080"]'), 'api.example.com'],
    [match('headers: { x-beta: 1 }'), '"1"'],
    [match('headers: { x-beta: true }'), '"true"'],
    [route('match: { path: /r }, websocket: { idleTimeout: 5000 }'), '5s'],
    [route('match: { path: /r }, fault: { delay: { for: 250 } }'), '250ms'],
  ])('of %s is %s', (text, suggestion) => {
    expect(suggestions(text)).toEqual([suggestion]);
  });

  it.each([
    'server: { headersTimeout: 3 }',
    'server: { headersTimeout: 3 parsecs }',
    'server: { headersTimeout: "${API_TOKEN}" }',
    'server: { maxBodyBytes: 64 }',
    'management: { token: 12345 }',
    upstream('url: http://u?a=b'),
    upstream('url: ftp://u'),
    upstream('url: http://u, breaker: { errorRate: 1 }'),
    upstream('url: http://u, breaker: { mode: off }'),
    route('match: { path: /r }, timeout: soon'),
  ])('is left out when the fix is not certain: %s', (text) => {
    expect(suggestions(text)).toEqual([]);
  });
});
