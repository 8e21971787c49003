import {
  Controller,
  Get,
  Headers,
  Module,
  VERSION_NEUTRAL,
  VersioningType,
  type VersioningOptions,
} from '@nestjs/common';
import { register } from 'prom-client';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { GatewayRoute } from '../../src/index.js';
import { Gateway } from '../../src/gateway.js';
import { configOf } from '../support/gateway.js';
import type { Explained } from '../../src/modules/admin/explain.controller.js';
import { ask } from '../support/http.js';
import { bearer, SECRET } from '../support/tokens.js';

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

const priced = (options: object) => ({ ...options, cache: { ttl: '1h' } });

@Controller({ path: 'prices', version: '1' })
class FirstPricesController {
  @Get()
  @GatewayRoute(priced({}))
  read() {
    return 'first';
  }
}

@Controller({ path: 'prices', version: '2' })
class SecondPricesController {
  @Get()
  @GatewayRoute(priced({ headers: { request: { set: { 'x-region': '{claim:region}' } } } }))
  read(@Headers('x-region') region: string) {
    return region;
  }
}

@Controller({ path: 'prices', version: '3' })
class ThirdPricesController {
  @Get()
  read() {
    return 'third';
  }
}

@Module({ controllers: [FirstPricesController, SecondPricesController] })
class PricesModule {}

@Module({ controllers: [FirstPricesController, ThirdPricesController] })
class MixedModule {}

const BY_HEADER: VersioningOptions = { type: VersioningType.HEADER, header: 'X-Version' };

async function startWith(
  module: object,
  versioning: VersioningOptions,
  { prefix, auth = '{}' }: { prefix?: string | undefined; auth?: string } = {},
): Promise<Gateway> {
  const config = configOf(`{ auth: ${auth}, upstreams: {}, routes: [] }`);
  const gateway = await Gateway.start(config, {
    logger: false,
    modules: [module as never],
    beforeListen: (app) => {
      app.enableVersioning(versioning);
      if (prefix !== undefined) app.setGlobalPrefix(prefix);
    },
  });
  onTestFinished(async () => {
    await gateway.close();
    register.clear();
  });
  return gateway;
}

async function start(module: object, prefix?: string): Promise<(path: string) => Promise<unknown[]>> {
  const gateway = await startWith(module, { type: VersioningType.URI }, { prefix });
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

describe('versions of a handler that a header names', () => {
  afterEach(() => register.clear());

  it('have options of their own', async () => {
    const auth = `{ main: { secret: "${SECRET}", algorithms: [HS256] } }`;
    const { url, managementUrl } = await startWith(PricesModule, BY_HEADER, { auth });
    const ask = async (version: string, region: string) => {
      const headers = { ...bearer({ region }), 'x-version': version };
      return (await fetch(`${url}/prices`, { headers })).text();
    };
    expect([await ask('2', 'eu'), await ask('2', 'us'), await ask('1', 'eu')]).toEqual(['eu', 'us', 'first']);
    const { stages } = (await (
      await fetch(`${managementUrl}/admin/explain?path=/prices`)
    ).json()) as Explained;
    const handlers = stages.filter(({ stage }) => stage === 'handler').map(({ text }) => text);
    expect(handlers).toEqual([
      'FirstPricesController.read takes it with GET /prices, version 1.',
      'SecondPricesController.read takes it with GET /prices, version 2.',
    ]);
  });

  it.each([
    [
      OrdersModule,
      /^SecondController\.read: @GatewayRoute cors: expected the same as FirstController\.read, /,
    ],
    [MixedModule, /^ThirdPricesController\.read: @GatewayRoute has to be there or missing, as FirstPrices/],
  ])('have no options of their own that count before the version is known', async (module, problem) => {
    await expect(startWith(module, BY_HEADER)).rejects.toThrow(problem);
  });
});
