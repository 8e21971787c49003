import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const start = (limits: string) =>
  gateway(`server: { limits: { ${limits} } }\n${ONE_ROUTE}`)
    .withUpstream('users', (_req, res) => void res.end('hello'))
    .start();

const asks = async (connection: RawConnection) => {
  connection.send(requestHead('GET /'));
  return Promise.race([
    connection.until('hello').then(() => 'answered'),
    connection.ended().then(() => (connection.received === '' ? 'closed' : 'answered')),
  ]);
};

describe('connections above the limit', () => {
  it('are closed without a response and counted, and do not affect open connections', async () => {
    const gw = await start('connections: 2');
    const open = [await RawConnection.to(gw.url), await RawConnection.to(gw.url)];
    await until('both are open', async () => (await gw.metric('breakwater_connections')) === 2);
    expect(await asks(await RawConnection.to(gw.url))).toBe('closed');
    for (const each of open) expect(await asks(each)).toBe('answered');
    expect(await gw.metric('breakwater_connections_refused_total{reason="connections"}')).toBe(1);
    // The management port has no such limit.
    expect((await gw.management('/health/live')).status).toBe(200);
    open[0]?.socket.destroy();
    await until('one is gone', async () => (await gw.metric('breakwater_connections')) === 1);
    expect(await asks(await RawConnection.to(gw.url))).toBe('answered');
  });

  it.skipIf(process.platform === 'darwin')('of one client do not prevent connections of others', async () => {
    const gw = await start('connectionsPerIp: 2');
    await RawConnection.to(gw.url);
    await RawConnection.to(gw.url);
    expect(await asks(await RawConnection.to(gw.url))).toBe('closed');
    const { hostname, port } = new URL(gw.url);
    const other: Socket = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.2' });
    onTestFinished(() => void other.destroy());
    let received = '';
    other.on('data', (chunk: Buffer) => (received += chunk.toString())).write(requestHead('GET /'));
    await until('it is answered', () => received.includes('hello'));
    expect(await gw.metric('breakwater_connections_refused_total{reason="connections_per_ip"}')).toBe(1);
  });
});
