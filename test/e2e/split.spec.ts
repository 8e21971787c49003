import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
server: { trustProxy: [127.0.0.1] }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" }, next: { url: "\${NEXT_URL}" } }
routes:
  - id: users
    match: { path: /** }
    split: [{ upstream: users, weight: 50 }, { upstream: next, weight: 50 }]
    auth: { optional: true }
`;

async function start() {
  return gateway(YAML)
    .withUpstream('users', (_req, res) => void res.end('users'))
    .withUpstream('next', (_req, res) => void res.end('next'))
    .start();
}

describe('a split route', () => {
  it('sends each user to one upstream from any address, and users to both upstreams', async () => {
    const gw = await start();
    const sides = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const side = async (ip: string) => {
        const headers = { ...bearer({ sub: `user-${i}` }), 'x-forwarded-for': ip };
        return (await gw.fetch('/', { headers })).text();
      };
      const first = await side('203.0.113.1');
      expect(await side(`203.0.113.${i + 2}`)).toBe(first);
      sides.add(first);
    }
    expect([...sides].toSorted()).toEqual(['next', 'users']);
  });

  it('sends anonymous clients to one upstream by their address', async () => {
    const gw = await start();
    const sides = new Map<string, string>();
    for (let i = 0; i < 40; i++) {
      const ip = `203.0.113.${i % 20}`;
      const side = await (await gw.fetch('/', { headers: { 'x-forwarded-for': ip } })).text();
      expect(sides.get(ip) ?? side).toBe(side);
      sides.set(ip, side);
    }
    expect([...new Set(sides.values())].toSorted()).toEqual(['next', 'users']);
  });
});
