import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { echo, gateway } from '../support/gateway.js';
import { ask, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { certificateFor, fetchTls, handshake, keepAliveAgent } from '../support/tls-client.js';
import { until } from '../support/until.js';

const authority = Authority.create();
const own = authority.issue('DNS:gateway.test', 'IP:127.0.0.1');
const shop = authority.issue('DNS:shop.test');
const wild = authority.issue('DNS:*.example.test');
const renewed = authority.issue('DNS:renewed.test', 'IP:127.0.0.1');
const ca = authority.ca;

const ENV = {
  CERT: own.cert,
  KEY: own.key,
  SHOP_CERT: shop.cert,
  SHOP_KEY: shop.key,
  WILD_CERT: wild.cert,
  WILD_KEY: wild.key,
  NEW_CERT: renewed.cert,
  NEW_KEY: renewed.key,
};

const yaml = (tls = '', pair = 'cert: "${CERT}", key: "${KEY}"') => `
server: { tls: { ${pair} ${tls} } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;

const SNI = `, sni: [
  { hosts: [shop.test], cert: "\${SHOP_CERT}", key: "\${SHOP_KEY}" },
  { hosts: ["*.example.test"], cert: "\${WILD_CERT}", key: "\${WILD_KEY}" }]`;

const start = (text = yaml()) => gateway(text).withEnv(ENV).withUpstream('users', echo).start();

describe('a gateway with TLS', () => {
  it('serves requests, sends X-Forwarded-Proto to upstreams, and sends HSTS', async () => {
    const gw = await start();
    expect(gw.url).toMatch(/^https:/);
    const { status, headers, body } = await fetchTls(`${gw.url}/1`, { ca });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      headers: {
        'x-forwarded-proto': 'https',
        'x-forwarded-port': new URL(gw.url).port,
        forwarded: expect.stringContaining('proto=https'),
      },
    });
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it.each([
    [undefined, 'DNS:gateway.test'],
    ['unknown.test', 'DNS:gateway.test'],
    ['shop.test', 'DNS:shop.test'],
    ['SHOP.test', 'DNS:shop.test'],
    ['a.example.test', 'DNS:*.example.test'],
    ['a.b.example.test', 'DNS:*.example.test'],
    ['example.test', 'DNS:gateway.test'],
  ])('shows a client of the host %s the certificate of %s', async (host, names) => {
    const gw = await start(yaml(SNI));
    expect(await certificateFor(gw.url, host)).toContain(names);
  });

  it('serves a host that the certificate of the connection does not name', async () => {
    const gw = await start(yaml(SNI));
    const headers = { host: 'shop.test' };
    expect((await fetchTls(`${gw.url}/1`, { ca, headers })).status).toBe(200);
  });

  it.each([
    ['TLSv1.2', 'TLSv1.1', false],
    ['TLSv1.2', 'TLSv1.2', true],
    ['TLSv1.3', 'TLSv1.2', false],
    ['TLSv1.3', 'TLSv1.3', true],
  ] as const)('with minVersion %s, speaks %s: %s', async (minVersion, version, isSpoken) => {
    const gw = await start(yaml(`${SNI}, minVersion: ${minVersion}`));
    for (const servername of ['gateway.test', 'shop.test']) {
      const options = {
        ca,
        servername,
        minVersion: version,
        maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0',
      };
      const spoken = await handshake(gw.url, options).then(
        (socket) => socket.getProtocol(),
        () => 'none',
      );
      expect(spoken).toBe(isSpoken ? version : 'none');
    }
  });

  it('uses renewed certificates without closing connections', async () => {
    const gw = await start();
    const agent = keepAliveAgent();
    const before = await fetchTls(`${gw.url}/1`, { ca, agent });
    await gw.reload(yaml(SNI, 'cert: "${NEW_CERT}", key: "${NEW_KEY}"'));
    const kept = await fetchTls(`${gw.url}/1`, { ca, agent });
    const fresh = await fetchTls(`${gw.url}/1`, { ca });
    expect([before, kept, fresh].map(({ names }) => names?.split(',')[0])).toEqual([
      'DNS:gateway.test',
      'DNS:gateway.test',
      'DNS:renewed.test',
    ]);
    expect(await certificateFor(gw.url, 'shop.test')).toContain('DNS:shop.test');
  });

  it('waits for a restart to turn TLS off or on', async () => {
    const gw = await start();
    await gw.reload(yaml().replace(/tls: .*\}/, ' }'));
    expect((await fetchTls(`${gw.url}/1`, { ca })).status).toBe(200);
    expect(await gw.metric('breakwater_config_restart_required')).toBe(1);
  });

  it('reports when its certificates expire', async () => {
    const gw = await start(yaml(SNI));
    const name = 'breakwater_tls_certificate_expiry_timestamp_seconds';
    for (const host of ['*', 'shop.test', '*.example.test']) {
      const days = ((await gw.metric(`${name}{host="${host}"}`)) - Date.now() / 1000) / 86_400;
      expect(days).toBeGreaterThan(1.9);
      expect(days).toBeLessThan(2.1);
    }
  });
});

const refusedOf = (gw: Awaited<ReturnType<typeof start>>, reason: string) =>
  gw.metric(`breakwater_connections_refused_total{reason="${reason}"}`);

describe('a handshake that fails', () => {
  it.each([
    ['plain_http', 'is plain HTTP', requestHead('GET /')],
    ['handshake', 'is no TLS', 'garbage, and a lot of it, which is neither HTTP nor TLS\r\n\r\n'],
    ['handshake_timeout', 'is not complete in time', '\x16\x03\x01\x02\x00'],
  ])('is closed without an answer and counted as %s when it %s', async (reason, _, bytes) => {
    const gw = await start(yaml(', handshakeTimeout: 300ms'));
    const client = (await RawConnection.to(gw.url)).send(bytes);
    await client.ended();
    expect(client.received).not.toContain('HTTP/1.1');
    await until('it is counted', async () => (await refusedOf(gw, reason)) === 1);
    expect((await fetchTls(`${gw.url}/1`, { ca })).status).toBe(200);
  });

  it('is not counted when the client only connects, as health checks do', async () => {
    const gw = await start();
    const client = await RawConnection.to(gw.url);
    client.socket.end();
    await client.ended();
    await until('it is gone', async () => (await gw.metric('breakwater_connections')) === 0);
    expect(await refusedOf(gw, 'handshake')).toBe(0);
  });
});

describe('the port that redirects to HTTPS', () => {
  const redirecting = async (more = '') => {
    const gw = await start(yaml(`, redirect: { port: 0 ${more} }`));
    return { gw, plain: gw.gateway.redirectUrl };
  };
  const redirect = async (plain: string, host: string, path = '/a/%7Eb?c=d', method = 'GET') => {
    const { status, headers } = await ask(plain + path, { host }, method);
    return { status, location: headers.location, connection: headers.connection };
  };

  it('redirects hosts that have a certificate, with any method', async () => {
    const { gw, plain } = await redirecting();
    const { port } = new URL(gw.url);
    for (const method of ['GET', 'POST'])
      expect(await redirect(plain, 'gateway.test:8080', '/a/%7Eb?c=d', method)).toEqual({
        status: 308,
        location: `https://gateway.test:${port}/a/~b?c=d`,
        connection: 'close',
      });
    expect(
      await gw.metric(
        'breakwater_requests_total{route="users",method="POST",status="308",outcome="success"}',
      ),
    ).toBe(1);
  });

  it('leaves out the default port', async () => {
    const { plain } = await redirecting(', httpsPort: 443');
    expect((await redirect(plain, '127.0.0.1')).location).toBe('https://127.0.0.1/a/~b?c=d');
  });

  it.each([
    ['another host', 'evil.test', 421],
    ['a host with user info', 'gateway.test@evil.test', 400],
    ['a malformed host', 'gateway.test/evil.test', 400],
  ])('does not redirect to %s', async (_, host, status) => {
    const { plain } = await redirecting();
    expect(await redirect(plain, host)).toEqual({ status, location: undefined, connection: 'close' });
  });

  it('keeps the path of a target that looks like a host', async () => {
    const { gw, plain } = await redirecting();
    const { port } = new URL(gw.url);
    expect((await redirect(plain, 'gateway.test', '//evil.test/')).location).toBe(
      `https://gateway.test:${port}//evil.test/`,
    );
  });

  it('answers TLS with 400, and counts it as a refused request', async () => {
    const { gw, plain } = await redirecting();
    expect(await raw(plain, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^HTTP\/1\.1 400 /);
    const series = 'breakwater_requests_total{route="none",method="OTHER",status="400",outcome="rejected"}';
    expect(await gw.metric(series)).toBe(1);
  });
});
