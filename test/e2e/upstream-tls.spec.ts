import { createSecureServer } from 'node:http2';
import { createServer, type ServerOptions } from 'node:https';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { echo, gateway, listen } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const authority = Authority.create();
const stranger = Authority.create('Stranger');
const server = authority.issue('IP:127.0.0.1', 'DNS:users.test');
const client = authority.issue('DNS:gateway.test');
const strange = stranger.issue('DNS:gateway.test');

const ENV = {
  CA: authority.ca,
  CERT: client.cert,
  KEY: client.key,
  STRANGE_CA: stranger.ca,
  STRANGE_CERT: strange.cert,
  STRANGE_KEY: strange.key,
};

const yaml = (tls: string, more = '') => `
upstreams: { users: { url: "\${USERS_URL}", ${more} ${tls === '' ? '' : `tls: { ${tls} }`} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;

/** @returns a gateway in front of an upstream with TLS */
async function start(tls: string, options: ServerOptions = server, more = '') {
  const users = recording(echo);
  const url = (await listen(createServer(options, users.handler))).replace('http:', 'https:');
  const gw = await gateway(yaml(tls, more))
    .withEnv({ ...ENV, USERS_URL: url })
    .start();
  return { gw, users };
}

const MUTUAL: ServerOptions = { ...server, ca: authority.ca, requestCert: true, rejectUnauthorized: true };

/** In TLS 1.3 an upstream rejects a client only after the handshake, and may just close the connection. */
const MUTUAL_12: ServerOptions = { ...MUTUAL, maxVersion: 'TLSv1.2' };

describe('TLS to an upstream', () => {
  it.each([
    ['its authority is given', 'ca: "${CA}"', server],
    ['its name is given', 'ca: "${CA}", serverName: users.test', authority.issue('DNS:users.test')],
    ['nothing is verified', 'insecureSkipVerify: true', stranger.issue('DNS:else.test')],
    ['it asks who we are, and we say so', 'ca: "${CA}", cert: "${CERT}", key: "${KEY}"', MUTUAL],
  ])('works when %s', async (_, tls, options) => {
    const { gw } = await start(tls, options);
    const response = await gw.fetch('/1', { method: 'POST', body: 'hello' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ method: 'POST', url: '/1', body: 'hello' });
  });

  it.each([
    ['nobody we know has signed its certificate', '', server],
    ['another authority has signed it', 'ca: "${STRANGE_CA}"', server],
    ['it has another name', 'ca: "${CA}"', authority.issue('DNS:users.test')],
    ['it has not the name that is asked for', 'ca: "${CA}", serverName: orders.test', server],
    ['it asks who we are, and we do not say', 'ca: "${CA}"', MUTUAL_12],
    [
      'it does not know who signed ours',
      'ca: "${CA}", cert: "${STRANGE_CERT}", key: "${STRANGE_KEY}"',
      MUTUAL_12,
    ],
    ['it speaks TLS 1.1 only', 'ca: "${CA}"', { ...server, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }],
  ] as const)('gets a 502 when %s', async (_, tls, options) => {
    const { gw, users } = await start(tls, options, 'retry: { attempts: 0 },');
    const response = await gw.fetch('/1');
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_unreachable', upstream: 'users' });
    expect(users.requests).toEqual([]);
    const outcome = 'breakwater_upstream_requests_total{upstream="users",outcome="connect_failed"}';
    expect(await gw.metric(outcome)).toBe(1);
  });

  it('uses HTTP/1.1 when the target also offers HTTP/2', async () => {
    const versions: string[] = [];
    const target = createSecureServer({ ...server, allowHTTP1: true }, ({ httpVersion }, res) => {
      versions.push(httpVersion);
      res.end();
    });
    const gw = await gateway(yaml('ca: "${CA}"', 'health: { interval: 1h },'))
      .withEnv({ ...ENV, USERS_URL: (await listen(target)).replace('http:', 'https:') })
      .start();
    await until('there was a probe', () => versions.length > 0);
    expect((await gw.fetch('/1')).status).toBe(200);
    expect((await gw.fetch('/1', { method: 'POST', body: 'hello' })).status).toBe(200);
    expect(new Set(versions)).toEqual(new Set(['1.1']));
  });

  it('gets a 502 when the upstream requires a client certificate after the handshake', async () => {
    const { gw, users } = await start('ca: "${CA}"', MUTUAL);
    expect((await gw.fetch('/1')).status).toBe(502);
    expect(users.requests).toEqual([]);
  });

  it('is retried and opens the breaker when it fails', async () => {
    const { gw } = await start('', server, 'retry: { attempts: 1 }, breaker: { consecutiveFailures: 2 },');
    expect((await gw.fetch('/1')).status).toBe(502);
    expect(await gw.metric('breakwater_retries_total{upstream="users",reason="connect"}')).toBe(1);
    expect((await gw.fetch('/1')).status).toBe(502);
    expect((await gw.fetch('/1')).status).toBe(503);
  });

  it.each([
    ['ca: "${CA}", cert: "${CERT}", key: "${KEY}"', 1],
    ['ca: "${CA}"', 0],
    ['', 0],
  ])('is used by probes with the same settings: %s', async (tls, up) => {
    const health =
      'health: { path: /health, failures: 1, interval: 50ms, unhealthyInterval: 50ms, timeout: 2s },';
    const { gw, users } = await start(tls, MUTUAL, health);
    await until('a probe has passed or failed', async () => {
      const picture = (await (await gw.management('/health')).json()) as { details: Record<string, Picture> };
      return picture.details['users']?.probe;
    });
    const breaker = await gw.metric('breakwater_breaker_state{upstream="users"}');
    expect([breaker === 0 ? 1 : 0, users.requests.length > 0 ? 1 : 0]).toEqual([up, up]);
  });
});

interface Picture {
  readonly probe?: string;
}
