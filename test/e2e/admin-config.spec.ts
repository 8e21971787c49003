import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { spawnGateway } from '../support/process.js';

const yaml = (more = '') => `
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
upstreams: { api: { url: "http://127.0.0.1:1" } ${more} }
routes: [{ id: api, match: { path: /one }, upstream: api }]`;

describe('the configuration over the admin API', () => {
  it(
    'compares the file, or another text, with what is in force, without effect',
    { timeout: 60_000 },
    async () => {
      const running = await spawnGateway(yaml());
      const diff = async (body?: string) => {
        const answer = await fetch(`${running.managementUrl}/admin/config/diff`, {
          method: 'POST',
          headers: { 'X-Breakwater-Action': '1' },
          body,
        });
        return { status: answer.status, body: (await answer.json()) as object };
      };
      const none = { added: [], changed: [], removed: [] };
      expect(await diff()).toMatchObject({ status: 200, body: { diff: { upstreams: none, routes: none } } });
      // The file is watched, and a port has to wait for a restart.
      await writeFile(running.file, yaml().replace('127.0.0.1, port: 0', '127.0.0.1, port: 1'));
      const ofFile = await diff();
      expect(ofFile).toMatchObject({
        status: 200,
        body: { restartFor: ['server.port'], diff: { routes: none } },
      });
      const posted = await diff(yaml(', more: { url: "http://127.0.0.1:2" }'));
      expect(posted).toMatchObject({ body: { diff: { upstreams: { added: ['more'] }, routes: none } } });
      const wrong = await diff('upstreams: { api: { uri: x } }');
      expect(wrong).toMatchObject({ status: 422, body: { code: 'config_invalid' } });
    },
  );

  it('shows the effective configuration without secrets', async () => {
    const gw = await gateway(
      yaml().replace(
        'management: { port: 0 }',
        'management: { port: 0, token: "a-private-management-token" }',
      ),
    ).start();
    const answer = await gw.management('/admin/config/effective', {
      headers: { authorization: 'Bearer a-private-management-token' },
    });
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ management: { token: '***' }, routes: [{ id: 'api' }] });
    expect(text).not.toContain('private');
  });

  it('is part of the OpenAPI document', async () => {
    const gw = await gateway(yaml()).start();
    const document = (await (await gw.management('/admin/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { summary?: string; requestBody?: object }>>;
    };
    expect(document.openapi).toMatch(/^3\./);
    const operations = Object.entries(document.paths)
      .filter(([path]) => path.startsWith('/admin/') && !/dashboard|openapi/.test(path))
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { summary }]) => ({ path, method, summary })),
      );
    expect(operations.filter(({ summary }) => summary === undefined)).toEqual([]);
    expect(operations.length).toBeGreaterThan(20);
    expect(document.paths['/admin/faults/{route}']?.['post']).toMatchObject({
      parameters: expect.arrayContaining([expect.objectContaining({ name: 'X-Breakwater-Action' })]),
      requestBody: {
        content: {
          'application/json': { schema: { required: ['for', 'reason'], properties: { abort: {} } } },
        },
      },
    });
  });
});
