import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

/** The route waits before it sends a request, so that a reload comes between. */
const yaml = (version: string, upstream: string) =>
  `
upstreams: { api: { url: "\${${upstream}_URL}" } }
routes:
  - id: api
    match: { path: /api/** }
    upstream: api
    rewrite: { path: "/${version}/{rest}" }
    fault: { delay: { percent: 100%, for: 400ms } }
`;

describe('a request in flight during a reload', () => {
  it('uses the route and the upstream that it began with', async () => {
    const seen: string[] = [];
    const answering =
      (name: string): RequestListener =>
      (req, res) => {
        seen.push(`${name} ${req.url}`);
        res.end(name);
      };
    const gw = await gateway(yaml('v1', 'OLD'))
      .withUpstream('old', answering('old'))
      .withUpstream('new', answering('new'))
      .start();
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    gw.gateway.app.getHttpServer().once('request', () => resolve());
    const before = gw.fetch('/api/1');
    await begun;
    expect((await gw.reload(yaml('v2', 'NEW'))).result).toBe('applied');
    const after = gw.fetch('/api/2');
    expect(await Promise.all([before, after].map(async (each) => (await each).text()))).toEqual([
      'old',
      'new',
    ]);
    expect(seen.toSorted()).toEqual(['new /v2/2', 'old /v1/1']);
  });

  it('reaches an upstream that the reload has removed', async () => {
    const gw = await gateway(yaml('v1', 'OLD'))
      .withUpstream('old', (_req, res) => void res.end('old'))
      .start();
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    gw.gateway.app.getHttpServer().once('request', () => resolve());
    const response = gw.fetch('/api/1');
    await begun;
    await gw.reload('upstreams: {}');
    expect((await gw.fetch('/api/1')).status).toBe(404);
    expect(await (await response).text()).toBe('old');
  });
});
