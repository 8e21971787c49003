import { createServer as createTlsServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { closedPort } from '../support/closed-port.js';
import { listen } from '../support/gateway.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { rawUpstream, thenClose } from '../support/raw-upstream.js';

function start(url: string, fallback = '', others = ''): Promise<GatewayProcess> {
  return spawnGateway(`
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s } }
management: { port: 0 }
upstreams: { users: { url: "${url}", retry: { attempts: 0 }, breaker: { mode: shadow }${fallback} }${others} }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`);
}

/** @returns what the client got, and the line that the gateway has logged about it */
async function failure({ process, url }: GatewayProcess) {
  const response = await fetch(`${url}/1`);
  const told = JSON.stringify([...response.headers]) + (await response.text().catch(() => ''));
  const line = await process.json(({ msg }) => msg === 'request');
  return { response, told, line };
}

describe('a request whose upstream fails', { timeout: 60_000 }, () => {
  it('is logged with its id and the cause, which the client does not see', async () => {
    const target = await closedPort();
    const { host, port } = new URL(target);
    const { response, told, line } = await failure(await start(target));
    expect(response.status).toBe(502);
    expect(line).toMatchObject({
      level: 'warn',
      requestId: response.headers.get('x-request-id'),
      route: 'users',
      upstream: 'users',
      target,
      outcome: 'connect_failed',
      cause: `ECONNREFUSED ${host}`,
      status: 502,
    });
    expect(told).not.toMatch(new RegExp(`${port}|ECONNREFUSED`));
  });

  it('is logged with the defect of the certificate', async () => {
    const { cert, key } = Authority.create().issue('IP:127.0.0.1');
    const url = await listen(createTlsServer({ cert, key }));
    const { told, line } = await failure(await start(url.replace('http:', 'https:')));
    expect(line).toMatchObject({ outcome: 'connect_failed', cause: expect.stringContaining('certificate') });
    expect(told).not.toContain('certificate');
  });

  it('is logged when its body is cut', async () => {
    const upstream = rawUpstream(thenClose('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    const url = await listen(upstream.server);
    const { line } = await failure(await start(url));
    expect(line).toMatchObject({ outcome: 'died_mid_body', status: 200, cause: 'other side closed' });
  });

  it.each([
    ['answers', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', [200, 'upstream', 'copy']],
    ['is cut', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', [200, 'upstream', 'copy']],
    ['fails as well', 'no HTTP', [502, undefined, undefined]],
  ])('is logged for the upstream that failed when the fallback upstream %s', async (_, answer, got) => {
    const target = await closedPort();
    const copy = await listen(rawUpstream(thenClose(answer)).server);
    const rest = `, copy: { url: "${copy}", retry: { attempts: 0 } }`;
    const { line } = await failure(await start(target, ', fallback: { upstream: copy }', rest));
    const cause = `ECONNREFUSED ${new URL(target).host}`;
    expect(line).toMatchObject({ outcome: 'connect_failed', upstream: 'users', target, cause, tries: 2 });
    expect([line.status, line.fallback, line.fallbackUpstream]).toEqual(got);
  });
});
