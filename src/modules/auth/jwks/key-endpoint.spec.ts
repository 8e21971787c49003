import { HttpService } from '@nestjs/axios';
import { describe, expect, it } from 'vitest';
import { IssuerKey, KeyServer } from '../../../../test/support/key-server.js';
import { KeyEndpoint } from './key-endpoint.js';

const signal = new AbortController().signal;

async function setUp(discovery: object = {}) {
  const server = await KeyServer.start(new IssuerKey('a'));
  server.discovery = discovery;
  return { server, endpoint: new KeyEndpoint(new HttpService(), undefined, server.url, 5_000) };
}

describe('KeyEndpoint', () => {
  it('asks the issuer where its keys are, once', async () => {
    const { server, endpoint } = await setUp();
    expect(await endpoint.fetch(signal)).toMatchObject({ keys: [{ kid: 'a' }] });
    await endpoint.fetch(signal);
    expect([server.discoveries, server.fetches]).toEqual([1, 2]);
  });

  it('asks again when they are no longer there', async () => {
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

  it('gives up on a server that does not answer', async () => {
    const { server } = await setUp();
    server.answer = () => undefined;
    const endpoint = new KeyEndpoint(new HttpService(), server.jwksUri, '', 50);
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'timeout' });
  });

  it('gives up on a body that drips', async () => {
    const { server } = await setUp();
    server.answer = (_req, res) => void res.write('{');
    const endpoint = new KeyEndpoint(new HttpService(), server.jwksUri, '', 50);
    await expect(endpoint.fetch(signal)).rejects.toMatchObject({ failure: 'timeout' });
  });
});
