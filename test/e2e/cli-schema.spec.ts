import { expect, it } from 'vitest';
import { cli } from '../support/cli.js';

it('breakwater schema prints a JSON Schema that describes every section of the configuration', async () => {
  const { code, stdout, stderr } = await cli(['schema']);
  expect([code, stderr]).toEqual([0, '']);
  const schema = JSON.parse(stdout) as {
    $schema: string;
    properties: Record<string, { description?: string }>;
  };
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  for (const section of ['server', 'management', 'auth', 'cache', 'defaults', 'upstreams', 'routes']) {
    expect(schema.properties[section]?.description).toMatch(/\w/);
  }
});
