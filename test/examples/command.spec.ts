import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { spawnScript } from '../support/process.js';

it('npm run example lists the examples when it does not know one', async () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['example']).toBe('node scripts/example.mjs');
  for (const args of [[], ['shop'], ['bff', 'more']]) {
    const run = spawnScript(['scripts/example.mjs', ...args]);
    expect(await run.exited).toBe(1);
    expect(run.stderr).toBe('usage: npm run example bff|microservices-redis|spa-api\n');
  }
});

it('an example that needs Redis says how to get it', async () => {
  const env = { PATH: '', REDIS_URL: '', PORT: '0', MANAGEMENT_PORT: '0' };
  const run = spawnScript(['scripts/example.mjs', 'microservices-redis'], env);
  expect(await run.exited).toBe(1);
  expect(run.stderr).toContain('Debian: apt-get install redis-server');
});
