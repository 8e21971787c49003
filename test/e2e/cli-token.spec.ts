import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { echo, listen } from '../support/gateway.js';
import { spawnGateway, temporaryFile } from '../support/process.js';

const SECRET = { JWT_SECRET: 'a secret that is at least 32 bytes long' };

const WITHOUT_AUTH = `
upstreams: { users: { url: http://127.0.0.1:9 } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;
const WITH_SECRET = `auth: { demo: { secret: "\${JWT_SECRET}", algorithms: [HS256] } }${WITHOUT_AUTH}`;

describe('breakwater token', { timeout: 60_000 }, () => {
  it('signs a token that the gateway accepts, with the given user and scopes', async () => {
    const yaml = `
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
auth: { demo: { secret: "\${JWT_SECRET}", algorithms: [HS256], issuer: me, audience: gateway } }
upstreams: { users: { url: "${await listen(createServer(echo))}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;
    const gateway = await spawnGateway(yaml, SECRET);
    const file = await temporaryFile('gateway.yaml', yaml);
    const args = ['token', '-c', file, '--sub', 'alice', '--scopes', 'users:read,users:write'];
    const { code, stdout: token, stderr } = await cli(args, SECRET);
    expect([code, stderr]).toEqual([0, '']);

    const response = await fetch(`${gateway.url}/users/1`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      headers: { 'x-user-id': 'alice', 'x-user-scopes': 'users:read users:write' },
    });
    expect((await fetch(`${gateway.url}/users/1`)).status).toBe(401);
  });

  it('signs a token for the given lifetime, an hour by default', async () => {
    const file = await temporaryFile('gateway.yaml', WITH_SECRET);
    const lifetime = async (...args: string[]) => {
      const { stdout } = await cli(['token', '-c', file, ...args], SECRET);
      const { iat, exp } = claimsOf(stdout);
      return exp - iat;
    };
    expect(await lifetime()).toBe(3600);
    expect(await lifetime('--expires', '8h')).toBe(8 * 3600);
  });

  it.each([
    ['no provider has a secret', WITHOUT_AUTH, [], 'No provider with a secret under auth'],
    [
      'the provider is not there',
      WITH_SECRET,
      ['-p', 'main'],
      'No provider main under auth; there is: demo.',
    ],
    ['the time is none', WITH_SECRET, ['-e', 'soon'], '--expires soon is no duration'],
  ])('exits with 1 and the reason when %s', async (_, yaml, args, reason) => {
    const file = await temporaryFile('gateway.yaml', yaml);
    const { code, stdout, stderr } = await cli(['token', '-c', file, ...args], SECRET);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(reason);
  });
});

function claimsOf(token: string): { readonly iat: number; readonly exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    iat: number;
    exp: number;
  };
}
