import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

/** Headers by which a client could pose as another user. */
const IDENTITY = ['X-User-Id', 'X-USER-SCOPES', 'x-user-anything', 'X-JWT-Sub', 'x-jwt-claim-role'];
/** Headers by which a client could pose as a proxy, or override the checked URL or method. */
const CLAIMS = [
  'X-Real-IP',
  'True-Client-IP',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Forwarded-Scheme',
  'X-Forwarded-Ssl',
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method',
  'X-HTTP-Method-Override',
  'X-Method-Override',
  'X-Middleware-Subrequest',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'CF-Connecting-IP',
  'Fastly-Client-IP',
  'Remote-User',
  'X-Remote-User',
  'X-Auth-Request-User',
  'X-SSL-Client-Cert',
  'Proxy',
];
const withUnderscores = (names: string[]) => [
  ...names.map((name) => name.replaceAll('-', '_')),
  ...names.map((name) => name.replace('-', '_')),
];

const users = recording();
const plain = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();
const trusting = gateway(`server: { trustProxy: [127.0.0.1] }\n${ONE_ROUTE}`)
  .withUpstream('users', users.handler)
  .startOnce();

/** @returns the names of `sent` whose forged values reach the upstream */
async function reaching(sent: string[], gw = plain): Promise<string[]> {
  users.clear();
  await raw(gw.url, requestHead('GET /1', 'Connection: close', ...sent.map((name) => `${name}: forged`)));
  const { rawHeaders } = users.requests[0]!;
  return sent.filter((name) => rawHeaders.some((each, i) => each === name && rawHeaders[i + 1] === 'forged'));
}

describe('identity headers of a client', () => {
  it('do not reach the upstream', async () => {
    expect(await reaching(IDENTITY)).toEqual([]);
  });

  it('do not reach it with underscores, which many servers read as dashes', async () => {
    expect(await reaching(withUnderscores(IDENTITY))).toEqual([]);
  });

  it('do not reach it from a trusted proxy either', async () => {
    expect(await reaching([...IDENTITY, ...withUnderscores(IDENTITY)], trusting)).toEqual([]);
  });

  it('do not reach it when `Connection` names one of them', async () => {
    users.clear();
    await raw(plain.url, requestHead('GET /1', 'Connection: close, X-Other', 'X-Other: a', 'X-User-Id: eve'));
    expect(users.requests[0]?.headers).not.toHaveProperty('x-user-id');
  });
});

describe('proxy headers of a client', () => {
  it('do not reach the upstream', async () => {
    expect(await reaching(CLAIMS)).toEqual([]);
  });

  it('do not reach it with underscores', async () => {
    expect(await reaching(withUnderscores([...CLAIMS, 'X-Forwarded-For', 'X-Request-Id']))).toEqual([]);
  });

  it('are distinguished from similar names', async () => {
    const harmless = ['X-User', 'X-Users-Id', 'X-Forward', 'Accept', 'X-Real-Estate'];
    expect(await reaching(harmless)).toEqual(harmless);
  });
});
