import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { bearer, inSeconds, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';
import { handshake, switching, WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const yaml = (redisUrl: string) => `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
redis: { url: "${redisUrl}", commandTimeout: 5s }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, websocket: { closeOnExpiry: false } }]
`;
const EXP = inSeconds(3600);
const REVOKED = { code: 1008, reason: 'token revoked' };
const CLOSED = 'breakwater_websocket_closed_total{route="users",reason="token_revoked"}';
const tokenOf = (jti: unknown) => bearer({ jti, exp: EXP });

async function start({ redisUrl = '', upstream = webSocketUpstream().server } = {}) {
  const gw = await gateway(yaml(redisUrl)).withUpstream('users', upstream).start();
  const open = (jti: unknown) => WebSocketClient.open(gw.url, { headers: tokenOf(jti) });
  const revoke = (jti: string) =>
    gw.management(`/admin/tokens/revoke?jti=${jti}&exp=${EXP}`, { method: 'POST' });
  return { gw, open, revoke };
}

describe('WebSockets whose token is revoked', () => {
  it('are all closed at once, and no others are', async () => {
    const { gw, open, revoke } = await start();
    const [first, second, other, nameless] = [
      await open('a'),
      await open('a'),
      await open('b'),
      await open(undefined),
    ];
    expect((await revoke('a')).status).toBe(200);
    await until('both are closed', () => first.closed && second.closed);
    expect([first.closed, second.closed]).toEqual([REVOKED, REVOKED]);
    for (const each of [other, nameless]) each.socket.send('still here');
    await until('the others go on', () => other.messages.length + nameless.messages.length === 2);
    await until('they are counted', async () => (await gw.metric(CLOSED)) === 2);
    await expect(open('a')).rejects.toThrow('401');
  });

  it('are ignored when they are already closed', async () => {
    const { gw, open, revoke } = await start();
    const client = await open('a');
    client.socket.close();
    await until('it is closed', () => client.closed);
    expect((await revoke('a')).status).toBe(200);
    expect(await gw.metric(CLOSED)).toBe(0);
  });

  it('are closed while they wait for the upstream', async () => {
    let agree: (() => void) | undefined;
    const users = rawUpstream((socket, head) => (agree = () => socket.write(switching(head))));
    const { gw, revoke } = await start({ upstream: users.server });
    const client = await RawConnection.to(gw.url);
    client.send(handshake('GET /', { Authorization: tokenOf('a').authorization }));
    const answer = await until('the upstream is asked', () => agree);
    await revoke('a');
    answer();
    await client.until('token revoked');
    await client.ended();
  });
});

describeWithRedis('WebSockets whose token is revoked, with Redis', () => {
  it('are closed by every gateway', async () => {
    const redis = await RedisServer.start();
    const [here, there] = [await start({ redisUrl: redis.url }), await start({ redisUrl: redis.url })];
    const client = await there.open('a');
    expect(await (await here.revoke('a')).json()).toEqual({ revoked: 'a', shared: true });
    await until('the other gateway has heard of it', () => client.closed);
    expect(client.closed).toEqual(REVOKED);
  });
});
