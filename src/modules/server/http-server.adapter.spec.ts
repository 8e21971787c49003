import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { afterEach, expect, it, vi } from 'vitest';
import { HttpServerAdapter } from './http-server.adapter.js';

const LIMITS = {
  maxHeaderBytes: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 0,
  requestIdleTimeout: 10_000,
  receiveMinRate: 0,
  sendMinRate: 0,
  sendTimeout: 1_000,
  keepAliveTimeout: 1_000,
  errors: { typeBase: 'urn:test:', html: true, bodies: [] },
};

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  vi.restoreAllMocks();
});

it('answers with 500 when an entrance handler throws, logs the error and keeps serving', async () => {
  const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  const adapter = new HttpServerAdapter(() => LIMITS);
  adapter.enterBy([
    (req, _res, next) => {
      if (req.url === '/bad') throw new Error('unforeseen');
      next();
    },
  ]);
  adapter.all('/{*gateway}', (_req: unknown, res: { end(text: string): void }) => res.end('served'));
  const url = await listen(adapter);
  const bad = await fetch(`${url}/bad`);
  expect([bad.status, bad.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
  const problem = await bad.text();
  expect(JSON.parse(problem)).toMatchObject({
    type: 'urn:test:internal_error',
    code: 'internal_error',
    requestId: expect.any(String),
  });
  expect(problem).not.toContain('unforeseen');
  expect(log.mock.calls).toEqual([[expect.objectContaining({ message: 'unforeseen' })]]);
  expect(await (await fetch(`${url}/good`)).text()).toBe('served');
});

it('cuts a response that has started when a handler throws', async () => {
  vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  const adapter = new HttpServerAdapter(() => LIMITS);
  adapter.enterBy([
    (_req, res) => {
      res.write('half');
      throw new Error('unforeseen');
    },
  ]);
  const url = await listen(adapter);
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow(TypeError);
});

async function listen(adapter: HttpServerAdapter): Promise<string> {
  adapter.initHttpServer();
  server = adapter.getHttpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
