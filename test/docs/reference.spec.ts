import { expect, it } from 'vitest';
import { gatewayJsonSchema } from '../../src/modules/config/schema/json-schema.js';
import { gateway } from '../support/gateway.js';
import { adminApi } from './admin-api.js';
import { configurationReference } from './configuration-reference.js';
import { metricsReference } from './metrics-reference.js';

// `npm run docs` writes all of them anew.

it('gateway.schema.json is the schema', async () => {
  await expect(`${JSON.stringify(gatewayJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
    '../../gateway.schema.json',
  );
});

it('docs/configuration.md describes every key of the schema', async () => {
  const reference = configurationReference(gatewayJsonSchema());
  await expect(reference).toMatchFileSnapshot('../../docs/configuration.md');
});

it('docs/metrics.md lists every metric that the gateway serves', async () => {
  // Redis and a provider, for which some metrics exist only then.
  const gw = await gateway('redis: { url: "redis://127.0.0.1:1" }').start();
  const reference = metricsReference();
  await expect(reference).toMatchFileSnapshot('../../docs/metrics.md');

  const text = await (await gw.management('/metrics')).text();
  const served = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  const listed = [...reference.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  expect(served.filter((name) => !/^(?:process|nodejs)_/.test(name)).toSorted()).toEqual(listed);
});

it('src/modules/admin/openapi.json describes the management port', async () => {
  const { management } = (await gateway('upstreams: {}').start()).gateway;
  await expect(`${JSON.stringify(management && adminApi(management), null, 2)}\n`).toMatchFileSnapshot(
    '../../src/modules/admin/openapi.json',
  );
});
