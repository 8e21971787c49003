import type { ExecutionContext } from '@nestjs/common';
import { HttpService } from '@nestjs/axios';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { SECRET, token } from '../../../test/support/tokens.js';
import { systemClock } from '../../common/clock.js';
import { ConfigStore } from '../config/config.store.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { attachExchange, Exchange } from '../routing/exchange.js';
import { compileRoute } from '../routing/route.model.js';
import { hashApiKey } from './api-keys.js';
import { ByRoute, IsPublic, RequiredScopes } from './auth-policy.js';
import { AuthProviders } from './auth-providers.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import { Plugins } from '../plugins/plugins.service.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { TokenVerifier } from './token-verifier.service.js';

const YAML = (auth: string) => `
auth:
  main: { secret: "${SECRET}", algorithms: [HS256] }
  partners: { apiKeys: [{ id: acme, hash: "${hashApiKey('the key')}", scopes: [read] }], query: key }
upstreams: { users: { url: "http://users" } }
routes: [{ id: users, match: { path: /** }, upstream: users${auth === '' ? '' : `, auth: ${auth}`} }]
`;

const alice = (claims: object = {}) => `Bearer ${token({ sub: 'alice', ...claims })}`;

class Handlers {
  @ByRoute(true)
  byRoute(): void {}
  @IsPublic(true)
  open(): void {}
  plain(): void {}
  @RequiredScopes(['admin'])
  scoped(): void {}
}

/** A guard over one route, whose `auth` is as written. */
function setUp(auth = '') {
  const store = new ConfigStore(configOf(YAML(auth)));
  const providers = new AuthProviders(
    store,
    systemClock,
    new HttpService(),
    new Plugins(store, [], systemClock),
  );
  const verifier = new TokenVerifier(
    providers,
    systemClock,
    new TokenDenylist(store, systemClock, new RedisConnection(store)),
  );
  const guard = new JwtAuthGuard(verifier, providers);
  const refused: string[] = [];
  providers.refused.on((failure) => refused.push(failure));
  const route = compileRoute(store.current.routes[0]!);
  const enter = (
    headers: Record<string, string>,
    { query = '', handler = 'byRoute' }: { query?: string; handler?: keyof Handlers } = {},
  ) => {
    // As much of a request as the guard reads.
    const req = { headers } as unknown as Request;
    const head = {
      id: '1',
      authority: 'a',
      host: 'a',
      path: '/',
      query,
      hasBody: false,
      isPreflight: false,
      peer: '127.0.0.1',
      peerTrusted: false,
      clientIp: '::1',
      match: { kind: 'route', route } as const,
      config: store.current,
    };
    const exchange = new Exchange(req, {} as Response, head, 0);
    attachExchange(req, exchange);
    const context = {
      getClass: () => Handlers,
      getHandler: () => Handlers.prototype[handler],
      switchToHttp: () => ({ getRequest: () => req }),
    };
    const activate = () => guard.canActivate(context as unknown as ExecutionContext);
    return { activate, exchange };
  };
  return { enter, refused };
}

describe('JwtAuthGuard on a route', () => {
  it('lets anybody in where the route is public, and keeps API keys from the upstream', () => {
    const { activate, exchange } = setUp('none').enter(
      { 'x-api-key': 'the key', authorization: 'Basic of-the-upstream' },
      { query: '?key=the%20key&a=1' },
    );
    expect(activate()).toBe(true);
    expect(exchange.identity).toBeUndefined();
    expect(exchange.keptBack?.headers).toEqual(new Set(['x-api-key']));
    expect(exchange.head.query).toBe('?a=1');
    expect(exchange.forwardAuthorization).toBe(true);
  });

  it('accepts an API key before a token, which then nobody verifies or forwards', () => {
    const { activate, exchange } = setUp('{ forward: true }').enter({
      'x-api-key': 'the key',
      authorization: 'Bearer bad',
    });
    expect(activate()).toBe(true);
    expect(exchange.identity).toMatchObject({ provider: 'partners', subject: 'acme' });
    expect(exchange.keptBack?.except).toBe('x-api-key');
    expect(exchange.forwardAuthorization).toBe(false);
  });

  it.each([
    ['an unknown key', { 'x-api-key': 'another' }, ''],
    ['a key in two places', { 'x-api-key': 'the key' }, '?key=the%20key'],
  ])('refuses %s, whatever the token beside it', (_, headers, query) => {
    const { enter, refused } = setUp();
    const { activate } = enter({ ...headers, authorization: alice() }, { query });
    expect(activate).toThrow(expect.objectContaining({ code: 'api_key_invalid' }));
    expect(refused).toEqual(['unknown_api_key']);
  });

  it.each([
    ['', false],
    ['{ forward: true }', true],
  ])('accepts a valid token at once; with auth %j, it goes on: %s', (auth, forwarded) => {
    const { activate, exchange } = setUp(auth).enter({ authorization: alice() });
    expect(activate()).toBe(true);
    expect(exchange.identity).toMatchObject({ provider: 'main', subject: 'alice' });
    expect(exchange.forwardAuthorization).toBe(forwarded);
  });

  it.each([
    ['', 'token_missing', 'missing'],
    ['{ provider: partners }', 'api_key_missing', 'missing_api_key'],
  ])('refuses a request without a credential; with auth %j, as %s', (auth, code, failure) => {
    const { enter, refused } = setUp(auth);
    expect(enter({}).activate).toThrow(expect.objectContaining({ code, status: 401 }));
    expect(refused).toEqual([failure]);
  });

  it('lets an anonymous request in where credentials are optional, and no failed attempt', () => {
    const { enter } = setUp('{ optional: true }');
    expect(enter({}).activate()).toBe(true);
    for (const attempt of [
      enter({ authorization: 'Basic YTpi' }),
      enter({ authorization: 'Bearer bad' }),
      enter({}, { query: '?access_token=x' }),
      enter({ 'x-api-key': 'another' }),
    ]) {
      expect(attempt.activate).toThrow(expect.objectContaining({ status: 401 }));
    }
  });

  it('refuses a token that lacks what the route requires', () => {
    const { enter, refused } = setUp('{ scopes: [read], claims: { tenant: acme } }');
    const challenge = { 'WWW-Authenticate': expect.stringContaining('scope="read"') };
    expect(enter({ authorization: alice({ tenant: 'acme' }) }).activate).toThrow(
      expect.objectContaining({ status: 403, options: expect.objectContaining({ headers: challenge }) }),
    );
    expect(enter({ authorization: alice({ scope: 'read' }) }).activate).toThrow(
      expect.objectContaining({ code: 'insufficient_claims' }),
    );
    expect(refused).toEqual(['insufficient_scope', 'insufficient_claims']);
    expect(enter({ authorization: alice({ scope: 'read', tenant: 'acme' }) }).activate()).toBe(true);
  });
});

describe('JwtAuthGuard on a handler of code', () => {
  it('ignores what the route of the same path says', () => {
    const { enter } = setUp('none');
    expect(enter({}, { handler: 'plain' }).activate).toThrow(expect.objectContaining({ status: 401 }));
    expect(enter({ authorization: alice() }, { handler: 'plain' }).activate()).toBe(true);
  });

  it('lets anybody in where the handler is public', () => {
    expect(setUp().enter({}, { handler: 'open' }).activate()).toBe(true);
  });

  it('requires the scopes of the handler', () => {
    const { enter } = setUp();
    expect(enter({ authorization: alice() }, { handler: 'scoped' }).activate).toThrow(
      expect.objectContaining({ code: 'insufficient_scope' }),
    );
    expect(enter({ authorization: alice({ scope: 'admin' }) }, { handler: 'scoped' }).activate()).toBe(true);
  });
});
