import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users, cache: {} }]
`;
/** Rare methods that the parser knows. */
const METHODS = [
  'PROPFIND',
  'REPORT',
  'MKCOL',
  'LOCK',
  'PURGE',
  'SUBSCRIBE',
  'M-SEARCH',
  'ACL',
  'BIND',
  'LINK',
];

async function series(gw: RunningGateway): Promise<string[]> {
  const text = await (await gw.management('/metrics')).text();
  const lines = text.split('\n').filter((line) => line.startsWith('breakwater_'));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
}

/** Sends requests that are random in everything a client can choose. */
async function noise(gw: RunningGateway, requests: number): Promise<void> {
  const one = (i: number) =>
    raw(
      gw.url,
      requestHead(
        `${METHODS[i % METHODS.length]} /${i % 2 ? 'users/' : ''}${randomUUID()}?${randomUUID()}`,
        `Host: ${randomUUID()}.test`,
        `User-Agent: ${randomUUID()}`,
        `X-User-Id: ${randomUUID()}`,
        'Connection: close',
      ),
    );
  for (let at = 0; at < requests; at += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => one(at + i)));
  }
}

describe('the number of series', () => {
  it('does not grow with random URLs, hosts, methods and users', async () => {
    const gw = await gateway(YAML).withUpstream('users', recording().handler).start();
    await noise(gw, 20);
    const before = await series(gw);
    await noise(gw, 200);
    expect(await series(gw)).toEqual(before);
    const methods = new Set(before.flatMap((each) => /method="([^"]*)"/.exec(each)?.[1] ?? []));
    expect([...methods]).toEqual(['OTHER']);
    expect(before.join('\n')).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|\.test|\/users/);
  });
});
