import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { IssuerKey, KeyServer, unavailable } from '../support/key-server.js';
import { spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

it('a gateway is ready once it has fetched the keys of each required provider, and stays ready', async () => {
  const main = await KeyServer.start(new IssuerKey('a'));
  main.answer = unavailable;
  const absent = await closedPort();
  const { url, managementUrl, process } = await spawnGateway(`
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
auth:
  main: { jwksUri: "${main.jwksUri}?tenant=1", algorithms: [ES256], jwks: { refresh: 100ms } }
  optional: { issuer: "${absent}", algorithms: [ES256], jwks: { required: false } }
  static: { secret: a-secret-of-at-least-thirty-two-bytes, algorithms: [HS256] }
`);
  const get = async (path: string) => {
    const response = await fetch(managementUrl + path);
    return { status: response.status, body: (await response.json()) as object };
  };
  const ready = async () => (await fetch(`${url}/health/ready`)).status;
  const failed = (provider: string) =>
    process.json((line) => line.msg === 'keys not fetched' && line['provider'] === provider);

  expect(await failed('main')).toMatchObject({
    level: 'warn',
    result: 'status',
    url: main.jwksUri,
    code: 503,
  });
  expect(await failed('optional')).toMatchObject({
    result: 'unreachable',
    url: `${absent}/.well-known/openid-configuration`,
    code: 'ECONNREFUSED',
  });
  expect(await get('/health/ready')).toMatchObject({
    status: 503,
    body: { details: { gateway: { status: 'down' } } },
  });
  expect([await ready(), (await fetch(`${url}/health/live`)).status]).toEqual([503, 200]);
  expect(await get('/health')).toMatchObject({
    status: 200,
    body: {
      status: 'degraded',
      details: {
        'auth:main': { status: 'degraded', keys: 'missing', lastFetch: 'status' },
        'auth:optional': { status: 'degraded', keys: 'missing', lastFetch: 'unreachable' },
      },
    },
  });

  main.answer = undefined;
  await until('it is ready', async () => (await ready()) === 200);
  main.answer = unavailable;
  const stale = { id: 'main', keys: 'stale', lastFetch: 'status' };
  await until('the keys are stale', async () => {
    const { providers } = (await get('/admin/overview')).body as { providers: object[] };
    return JSON.stringify(providers[0]) === JSON.stringify(stale);
  });
  expect((await get('/health')).body).toMatchObject({ details: { 'auth:main': { keys: 'stale' } } });
  expect(await ready()).toBe(200);
});
