import { createServer as createPlainServer } from 'node:http';
import { Agent, createServer } from 'node:https';
import { HttpService } from '@nestjs/axios';
import { create as createAxios } from 'axios';
import { describe, expect, it } from 'vitest';
import { Authority } from '../../../../test/support/certificates.js';
import { listen } from '../../../../test/support/gateway.js';
import { IssuerKey, KeyServer } from '../../../../test/support/key-server.js';
import { KeyEndpoint } from './key-endpoint.js';

const signal = new AbortController().signal;

async function setUp(discovery: object = {}) {
  const server = await KeyServer.start(new IssuerKey('a'));
  server.discovery = discovery;
  return { server, endpoint: new KeyEndpoint(new HttpService(), undefined, server.url, 5_000) };
}

describe('KeyEndpoint', () => {
  it('fetches the discovery document once', async () => {
    const { server, endpoint } = await setUp();
    expect(await endpoint.fetch(signal)).toMatchObject({ keys: [{ kid: 'a' }] });
    await endpoint.fetch(signal);
    expect([server.discoveries, server.fetches]).toEqual([1, 2]);
  });

  it('fetches it again after the keys have moved', async () => {
    const { server, endpoint } = await setUp();
    await endpoint.fetch(signal);
    server.answer = (_req, res) => void res.writeHead(404).end();
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'status' });
    server.answer = undefined;
    await endpoint.fetch(signal);
    expect(server.discoveries).toBe(2);
  });

  it.each([
    { issuer: 'https://evil.example' },
    { jwks_uri: 'file:///etc/passwd' },
    { jwks_uri: 'jwks' },
    { jwks_uri: 1 },
  ])('refuses a document with %j', async (discovery) => {
    const { server, endpoint } = await setUp(discovery);
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'malformed' });
    expect(server.fetches).toBe(0);
  });

  it('refuses keys over plain HTTP from an HTTPS issuer', async () => {
    const keys = await KeyServer.start(new IssuerKey('a'));
    const authority = Authority.create();
    const state = { jwksUri: keys.jwksUri };
    const idp = createServer(authority.issue('DNS:localhost'), (_req, res) => {
      res.end(JSON.stringify({ issuer, jwks_uri: state.jwksUri }));
    });
    const issuer = (await listen(idp)).replace('http://127.0.0.1', 'https://localhost');
    const http = new HttpService(createAxios({ httpsAgent: new Agent({ ca: authority.ca }) }));
    const fetch = () => new KeyEndpoint(http, undefined, issuer, 5_000).fetch(signal);
    await expect(fetch()).rejects.toMatchObject({ failure: 'malformed' });
    expect(keys.fetches).toBe(0);
    // What it says over HTTPS is taken: here it leads to no set of keys, but it is asked.
    state.jwksUri = `${issuer}/keys`;
    expect(await fetch()).toEqual({ issuer, jwks_uri: state.jwksUri });
  });

  it('follows no redirect of the issuer', async () => {
    const { server } = await setUp();
    const asked: (string | undefined)[] = [];
    const url = await listen(
      createPlainServer((req, res) => {
        asked.push(req.url);
        res.writeHead(302, { location: server.jwksUri }).end();
      }),
    );
    const endpoint = new KeyEndpoint(new HttpService(), undefined, `${url}/`, 5_000);
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'status' });
    expect([asked, server.fetches]).toEqual([['/.well-known/openid-configuration'], 0]);
  });

  it('times out on a server that does not answer', async () => {
    const { server } = await setUp();
    server.answer = () => undefined;
    const endpoint = new KeyEndpoint(new HttpService(), server.jwksUri, '', 50);
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'timeout' });
  });

  it('times out on a body that drips', async () => {
    const { server } = await setUp();
    server.answer = (_req, res) => void res.write('{');
    const endpoint = new KeyEndpoint(new HttpService(), server.jwksUri, '', 50);
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'timeout' });
  });
});
