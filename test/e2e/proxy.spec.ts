import { describe, expect, it } from 'vitest';
import { echo, gateway } from '../support/gateway.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

describe('a proxied request', () => {
  it('reaches the upstream with its method, path, query, headers and body', async () => {
    const gw = await gateway(YAML).withUpstream('users', echo).start();
    const response = await gw.fetch('/users/1?a=1&b=%20', {
      method: 'POST',
      headers: { 'x-custom': 'yes' },
      body: 'hello',
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: '/users/1?a=1&b=%20',
      body: 'hello',
      headers: { 'x-custom': 'yes', 'content-length': '5' },
    });
  });
});
