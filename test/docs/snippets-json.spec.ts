import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';
import { snippets } from './snippets.js';

/** @returns the names of the members of a value, with the types of theirs */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shapeOf(each)]));
}

const documents = new Map(
  snippets('json').map(({ place, text }) => [place.replace(/:\d+$/, ''), JSON.parse(text) as unknown]),
);

it('the JSON in the docs has the members of what the gateway answers', { timeout: 60_000 }, async () => {
  const { url, managementUrl, file } = await spawnGateway(`
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
upstreams: { orders: { url: "${await closedPort()}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 1, openFor: 1h, maxOpenFor: 1h } } }
routes: [{ id: orders, match: { path: /** }, upstream: orders, rateLimit: { requests: 1000, per: 1m, burst: 20, key: ip } }]`);
  const problem = async () => (await (await fetch(url)).json()) as { code: string };
  const open = await until('the breaker is open', async () => {
    const answer = await problem();
    return answer.code === 'breaker_open' ? answer : undefined;
  });
  await writeFile(file, 'upstreams: [');
  const headers = { 'X-Breakwater-Action': '1' };
  await fetch(`${managementUrl}/admin/config/reload`, { method: 'POST', headers });
  const read = async (path: string): Promise<unknown> => (await fetch(`${managementUrl}${path}`)).json();
  const answers = new Map<string, unknown>([
    ['docs/errors.md', open],
    ['docs/operate.md', await read('/admin/config')],
    ['docs/rate-limits.md', await read('/admin/rate-limits')],
  ]);
  const sorted = (all: ReadonlyMap<string, unknown>) => [...all.keys()].toSorted();
  expect(sorted(documents)).toEqual(sorted(answers));
  for (const [place, answer] of answers) expect(shapeOf(answer)).toEqual(shapeOf(documents.get(place)));
  const { requestId: _id, ...rest } = documents.get('docs/errors.md') as Record<string, unknown>;
  expect(open).toMatchObject(rest);
});
