import { Controller, Get, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { snippets } from '../docs/snippets.js';
import { echo, listen } from '../support/gateway.js';
import { application } from './application.js';

const YAML = (
  snippets('yaml').find(({ place }) => place.startsWith('docs/migrate-from-http-proxy-middleware.md'))
    ?.text ?? ''
).replace('http://users:3001', '${USERS_URL}');

@Controller('mine')
class MineController {
  @Get()
  read() {
    return { mine: true };
  }
}

/** The module of docs/migrate-from-http-proxy-middleware.md, with a target and a path of the test. */
function proxyModule(target: string, path: string) {
  @Module({ controllers: [MineController] })
  class ProxyModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      const proxy = createProxyMiddleware({
        target,
        changeOrigin: true,
        pathRewrite: { [`^${path}`]: '' },
        headers: { 'X-Api-Version': '2' },
      });
      consumer.apply(proxy).forRoutes(path);
    }
  }
  return ProxyModule;
}

async function essence(response: Response) {
  const { method, url, headers, body } = (await response.json()) as {
    method: string;
    url: string;
    headers: Record<string, string>;
    body: string;
  };
  return { status: response.status, method, url, body, version: headers['x-api-version'] };
}

it('the configuration of the page forwards as the middleware of the page does', async () => {
  const target = await listen(createServer(echo));
  const before = await NestFactory.create(proxyModule(target, '/api/users'), {
    logger: false,
    bodyParser: false,
  });
  onTestFinished(() => before.close());
  await before.listen(0, '127.0.0.1');
  const after = await application({ yaml: YAML, users: echo });
  const old = await before.getUrl();
  for (const path of ['/api/users/7?a=b', '/api/users/7/orders', '/api/users/caf%C3%A9']) {
    for (const init of [
      {},
      { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } },
    ]) {
      const expected = await essence(await fetch(old + path, init));
      expect(expected).toMatchObject({ status: 200, version: '2' });
      expect(await essence(await after.fetch(path, init))).toEqual(expected);
    }
  }
});

it('a middleware for some paths and routes for others work in one application', async () => {
  const orders = await listen(createServer(echo));
  const module = { imports: [proxyModule(orders, '/api/orders')] };
  const { fetch } = await application({ yaml: YAML, users: echo, module });
  expect(await essence(await fetch('/api/orders/1'))).toMatchObject({ status: 200, url: '/1' });
  expect(await essence(await fetch('/api/users/2'))).toMatchObject({ status: 200, url: '/2' });
  expect(await (await fetch('/mine')).json()).toEqual({ mine: true });
  expect(await (await fetch('/elsewhere')).json()).toMatchObject({ code: 'no_route' });
});
