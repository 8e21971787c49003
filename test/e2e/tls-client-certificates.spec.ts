import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { echo, gateway } from '../support/gateway.js';
import { certificateFor, fetchTls, keepAliveAgent, type TlsAnswer } from '../support/tls-client.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const authority = Authority.create();
const clients = Authority.create('Clients');
const strangers = Authority.create('Strangers');
const own = authority.issue('DNS:gateway.test', 'DNS:shop.test', 'IP:127.0.0.1');
const alice = clients.issueTo('/CN=alice', ['URI:spiffe://test/alice', 'DNS:alice.test']);
const bob = clients.issueTo('/CN=bob', ['DNS:bob.test']);
const nameless = clients.issueTo('/O=Nobody', ['DNS:nobody.test']);
const expired = clients.issueTo('/CN=alice', ['DNS:alice.test'], -1);
const stranger = strangers.issueTo('/CN=alice', ['DNS:alice.test']);
const ca = authority.ca;

const ENV = {
  CERT: own.cert,
  KEY: own.key,
  CLIENT_CA: clients.ca,
  CRL: clients.revoke(bob),
  SECRET,
};

const yaml = (mode: string, more = '', provider = '') => `
server: { tls: { cert: "\${CERT}", key: "\${KEY}", clientCertificates: ${mode}, clientCa: "\${CLIENT_CA}" ${more} } }
auth:
  mtls: { clientCertificate: { scopes: [users:read] ${provider} }, forwardClaims: { fingerprint: X-User-Certificate } }
  main: { secret: "\${SECRET}", algorithms: [HS256] }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: open, match: { path: /open }, upstream: users, auth: none }
  - { id: certificate, match: { path: /certificate }, upstream: users, auth: { provider: mtls, scopes: [users:read] } }
  - { id: either, match: { path: /either }, upstream: users }
  - { id: admin, match: { path: /admin }, upstream: users, auth: { provider: mtls, scopes: [admin] } }`;

const start = (text: string) => gateway(text).withEnv(ENV).withUpstream('users', echo).start();

const received = ({ body }: TlsAnswer) => (JSON.parse(body) as { headers: Record<string, string> }).headers;
const code = ({ body }: TlsAnswer) => (JSON.parse(body) as { code: string }).code;

describe('optional client certificates', () => {
  it('identify a client, and upstreams get its name', async () => {
    const gw = await start(yaml('optional'));
    const answer = await fetchTls(`${gw.url}/certificate`, { ca, ...alice });
    expect(answer.status).toBe(200);
    expect(received(answer)).toMatchObject({
      'x-user-id': 'alice',
      'x-user-scopes': 'users:read',
      'x-user-certificate': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await fetchTls(`${gw.url}/admin`, { ca, ...alice })).status).toBe(403);
  });

  it.each([
    ['uri', 'spiffe://test/alice'],
    ['dns', 'alice.test'],
    ['cn', 'alice'],
  ])('name the client by their %s', async (subject, name) => {
    const gw = await start(yaml('optional', '', `, subject: ${subject}`));
    expect(received(await fetchTls(`${gw.url}/certificate`, { ca, ...alice }))['x-user-id']).toBe(name);
  });

  it.each([
    ['none', {}, 'client_certificate_missing'],
    ['one of another authority', stranger, 'client_certificate_invalid'],
    ['an expired one', expired, 'client_certificate_invalid'],
    ['one that does not name the client', nameless, 'client_certificate_invalid'],
  ])('are required where the route says so: %s', async (_, pair, refusal) => {
    const gw = await start(yaml('optional'));
    const answer = await fetchTls(`${gw.url}/certificate`, { ca, ...pair });
    expect([answer.status, code(answer)]).toEqual([401, refusal]);
    expect(answer.headers['www-authenticate']).toBe('ClientCertificate realm="breakwater"');
    expect((await fetchTls(`${gw.url}/open`, { ca, ...pair })).status).toBe(200);
  });

  it('yield to a token, and prevent forwarding of an unverified token', async () => {
    const gw = await start(yaml('optional'));
    const carol = bearer({ sub: 'carol' });
    const ask = (path: string, headers: Record<string, string>) =>
      fetchTls(gw.url + path, { ca, ...alice, headers });
    expect(received(await ask('/either', {}))['x-user-id']).toBe('alice');
    expect(received(await ask('/either', carol))['x-user-id']).toBe('carol');
    expect((await ask('/either', { authorization: 'Bearer x.y.z' })).status).toBe(401);
    const byCertificate = received(await ask('/certificate', carol));
    expect(byCertificate['x-user-id']).toBe('alice');
    expect(byCertificate).not.toHaveProperty('authorization');
  });

  it('do not count when a client claims one in a header', async () => {
    const gw = await start(yaml('optional'));
    const headers = { 'x-user-id': 'alice', 'x-forwarded-client-cert': 'Subject="CN=alice"' };
    expect((await fetchTls(`${gw.url}/certificate`, { ca, headers })).status).toBe(401);
  });

  it('are verified by the new settings after a reload on new connections', async () => {
    const gw = await start(yaml('optional'));
    const agent = keepAliveAgent();
    const kept = () => fetchTls(`${gw.url}/certificate`, { ca, agent, ...bob });
    const fresh = () => fetchTls(`${gw.url}/certificate`, { ca, ...bob });
    expect([(await kept()).status, (await fresh()).status]).toEqual([200, 200]);
    await gw.reload(yaml('optional', ', clientCrl: "${CRL}"'));
    expect((await fresh()).status).toBe(401);
    expect((await fetchTls(`${gw.url}/certificate`, { ca, ...alice })).status).toBe(200);
    expect((await kept()).status).toBe(200);
  });
});

describe('required client certificates', () => {
  const refused = (gw: Awaited<ReturnType<typeof start>>) =>
    gw.metric('breakwater_connections_refused_total{reason="client_certificate"}');
  const outcome = (gw: Awaited<ReturnType<typeof start>>, pair: object, servername = 'gateway.test') =>
    fetchTls(`${gw.url}/certificate`, { ca, servername, ...pair }).then(
      ({ status }) => status,
      () => 'closed',
    );

  it.each([
    ['none', {}],
    ['one of another authority', stranger],
    ['an expired one', expired],
    ['a revoked one', bob],
  ])('close a connection with %s', async (_, pair) => {
    const sni = ', sni: [{ hosts: [shop.test], cert: "${CERT}", key: "${KEY}" }]';
    const gw = await start(yaml('required', `, clientCrl: "\${CRL}" ${sni}`));
    expect(await outcome(gw, pair)).toBe('closed');
    expect(await outcome(gw, pair, 'shop.test')).toBe('closed');
    await until('both are counted', async () => (await refused(gw)) === 2);
    expect(await outcome(gw, alice)).toBe(200);
    expect(await outcome(gw, alice, 'shop.test')).toBe(200);
  });

  it('come into force with a reload', async () => {
    const gw = await start(yaml('optional'));
    expect(await outcome(gw, {})).toBe(401);
    await gw.reload(yaml('required'));
    expect(await outcome(gw, {})).toBe('closed');
    expect(await outcome(gw, alice)).toBe(200);
  });
});

it('clients are not asked for a certificate without clientCertificates', async () => {
  const text = yaml('optional')
    .replace(/, clientCertificates.*?\}" /, ' ')
    .replace(/mtls: .*\n/, '');
  const gw = await start(text.replace(/ {2}- \{ id: (?:certificate|admin).*\n?/g, ''));
  expect(await certificateFor(gw.url)).toContain('gateway.test');
  expect((await fetchTls(`${gw.url}/either`, { ca, ...alice })).status).toBe(401);
});
