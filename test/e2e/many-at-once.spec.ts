import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", pool: { connections: 4 } }
  orders: { url: "\${ORDERS_URL}", pool: { connections: 4 } }
routes:
  - { id: users, match: { path: /users/** }, upstream: users }
  - { id: orders, match: { path: /orders/** }, upstream: orders }
`;
const bodyOf = (path: string) => `${path} ${'x'.repeat(Number(path.split('/')[2]))}`;

describe('many concurrent requests', () => {
  it('each get their own response over few connections', async () => {
    const connections = new Set<number | undefined>();
    const answer: RequestListener = (req, res) => {
      connections.add(req.socket.remotePort);
      setTimeout(() => res.end(bodyOf(req.url ?? '')), Math.random() * 10);
    };
    const gw = await gateway(YAML).withUpstream('users', answer).withUpstream('orders', answer).start();
    const paths = Array.from({ length: 200 }, (_, i) => `/${i % 2 ? 'users' : 'orders'}/${i * 100}`);
    const answers = await Promise.all(paths.map(async (path) => (await gw.fetch(path)).text()));
    expect(answers.filter((body, i) => body !== bodyOf(paths[i]!))).toEqual([]);
    expect(connections.size).toBeLessThanOrEqual(8);
  });
});
