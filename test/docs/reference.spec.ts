import { expect, it } from 'vitest';
import { gatewayJsonSchema } from '../../src/modules/config/schema/json-schema.js';
import { configurationReference } from './configuration-reference.js';

// `npm run docs` writes both anew.

it('gateway.schema.json is the schema', async () => {
  await expect(`${JSON.stringify(gatewayJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
    '../../gateway.schema.json',
  );
});

it('docs/configuration.md describes every key of the schema', async () => {
  const reference = configurationReference(gatewayJsonSchema());
  await expect(reference).toMatchFileSnapshot('../../docs/configuration.md');
});
