import { Controller, Get, Module, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { register } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayRoute } from '../../src/index.js';
import { Gateway } from '../../src/gateway.js';
import { configOf } from '../support/gateway.js';
import { ask } from '../support/http.js';

const originOf = (name: string) => `https://${name}.example.com`;
const pagesOf = (name: string) => ({ auth: 'none' as const, cors: { origins: [originOf(name)] } });

@Controller({ path: 'orders', version: '1' })
class FirstController {
  @Get()
  @GatewayRoute(pagesOf('first'))
  read() {
    return 'first';
  }
}

@Controller({ path: 'orders', version: ['2', VERSION_NEUTRAL] })
class SecondController {
  @Get()
  @GatewayRoute(pagesOf('second'))
  read() {
    return 'second';
  }
}

@Controller()
class RootController {
  @Get('orders')
  @GatewayRoute(pagesOf('third'))
  read() {
    return 'third';
  }
}

@Module({ controllers: [FirstController, SecondController] })
class OrdersModule {}

@Module({ controllers: [RootController] })
class RootModule {}

async function start(module: object, prefix?: string): Promise<(path: string) => Promise<unknown[]>> {
  const config = configOf('{ server: { port: 0 }, management: { port: 0 }, upstreams: {}, routes: [] }');
  const gateway = await Gateway.start(config, {
    logger: false,
    modules: [module as never],
    beforeListen: (app) => {
      app.enableVersioning({ type: VersioningType.URI });
      if (prefix !== undefined) app.setGlobalPrefix(prefix);
    },
  });
  onTestFinished(async () => {
    await gateway.close();
    register.clear();
  });
  return async (path) => {
    const answers = [];
    for (const name of ['first', 'second', 'third']) {
      const { body, headers } = await ask(gateway.url + path, { origin: originOf(name) });
      if (headers['access-control-allow-origin'] === originOf(name)) answers.push(`${body} for ${name}`);
    }
    return answers;
  };
}

it.each([undefined, 'api'])(
  'options belong to one version of a handler, behind the prefix %s',
  async (prefix) => {
    const answersOf = await start(OrdersModule, prefix);
    const below = prefix === undefined ? '' : `/${prefix}`;
    expect(await answersOf(`${below}/v1/orders`)).toEqual(['first for first']);
    expect(await answersOf(`${below}/v2/orders`)).toEqual(['second for second']);
    expect(await answersOf(`${below}/orders`)).toEqual(['second for second']);
  },
);

it('options apply to a controller without a path behind a prefix', async () => {
  const answersOf = await start(RootModule, 'api');
  expect(await answersOf('/api/orders')).toEqual(['third for third']);
});
