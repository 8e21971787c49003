import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway, listen } from '../support/gateway.js';
import { collectBody, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

/** Three targets with default settings. */
const YAML = (upstream = '') => `
upstreams: { users: { targets: [{ url: "\${T0}" }, { url: "\${T1}" }, { url: "\${T2}" }], ${upstream} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

describe('when two of three targets are dead, with default settings', () => {
  it('no GET fails while they die under load', async () => {
    const servers: Server[] = [];
    const env: Record<string, string> = {};
    for (let i = 0; i < 3; i++) {
      const server = createServer((_req, res) => res.end(`t${i}`));
      servers.push(server);
      env[`T${i}`] = await listen(server);
    }
    const gw = await gateway(YAML()).withEnv(env).start();
    const answers: string[] = [];
    const clients = { running: true };
    const work = async () => {
      while (clients.running) {
        const response = await gw.fetch('/x');
        answers.push(`${response.status} ${await response.text()}`);
      }
    };
    const workers = Array.from({ length: 4 }, work);
    await until('all three to answer', () => new Set(answers).size === 3 && answers.length > 100);
    for (const server of servers.slice(0, 2)) {
      server.close();
      server.closeAllConnections();
    }
    const ejected = async (i: number) =>
      gw.metric(
        `breakwater_target_ejections_total{upstream="users",target="${new URL(env[`T${i}`] ?? '').host}"}`,
      );
    await until('both to be ejected', async () => (await ejected(0)) > 0 && (await ejected(1)) > 0);
    const before = answers.length;
    await until('more answers', () => answers.length > before + 50);
    clients.running = false;
    await Promise.all(workers);
    expect(new Set(answers)).toEqual(new Set(['200 t0', '200 t1', '200 t2']));
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
    expect([await ejected(0), await ejected(1), await ejected(2)]).toEqual([1, 1, 0]);
  });

  const dead = async (upstream?: string) => {
    const delivered: string[] = [];
    const alive = createServer((req, res) => {
      void collectBody(req).then((body) => {
        delivered.push(body.toString());
        res.end('alive');
      });
    });
    const env = { T0: await closedPort(), T1: await closedPort(), T2: await listen(alive) };
    const gw = await gateway(YAML(upstream)).withEnv(env).start();
    const post = async (body: string | ReadableStream) => {
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
      const response = await gw.fetch('/x', init);
      return `${response.status} ${await response.text()}`;
    };
    return { gw, post, delivered };
  };

  it('no POST fails, with or without a length, since none reached a dead target', async () => {
    const { gw, post, delivered } = await dead();
    const bodies = Array.from({ length: 30 }, (_, i) => `order ${i}`);
    for (const [i, body] of bodies.entries()) {
      expect(await post(i % 2 === 0 ? body : new Blob([body]).stream())).toBe('200 alive');
    }
    expect(delivered).toEqual(bodies);
    expect(await gw.metric('breakwater_retry_budget_exhausted_total{upstream="users"}')).toBe(0);
    expect(await gw.metric('breakwater_retries_total{upstream="users",reason="connect"}')).toBeGreaterThan(3);
  });

  it.each(['retry: { attempts: 0 }', 'retry: { on: [reset] }'])('a POST fails with %s', async (retry) => {
    const { post } = await dead(`balancer: round-robin, ${retry}`);
    const statuses: string[] = [];
    for (const body of ['1', '2', '3']) statuses.push((await post(body)).slice(0, 3));
    expect(statuses.toSorted()).toEqual(['200', '502', '502']);
  });

  it('an upload that one target read in part is not sent to another target or fallback', async () => {
    const readonly = recording();
    const resetsHalfway = createTcpServer((socket) => {
      let received = '';
      socket
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          received += chunk.toString();
          if (received.includes('half')) socket.resetAndDestroy();
        });
    });
    const env = { T0: await closedPort(), T1: await closedPort(), T2: await listen(resetsHalfway) };
    const gw = await gateway(
      YAML('balancer: round-robin, fallback: { upstream: readonly }').replace(
        'upstreams: {',
        'upstreams: { readonly: { url: "${READONLY_URL}" },',
      ),
    )
      .withEnv(env)
      .withUpstream('readonly', readonly.handler)
      .start();
    // Three uploads in turn, so that some of them try a dead target first.
    for (let i = 0; i < 3; i++) {
      const client = await RawConnection.to(gw.url);
      client.send(`${requestHead('PUT /x', 'Transfer-Encoding: chunked')}4\r\nhalf\r\n`);
      await client.until('502 Bad Gateway');
    }
    expect(await gw.metric('breakwater_retries_total{upstream="users",reason="connect"}')).toBeGreaterThan(0);
    expect(readonly.requests).toEqual([]);
  });
});
