import { expect, it } from 'vitest';
import { BreakwaterModule } from '../../src/index.js';
import { application } from './application.js';

const YAML = `
server: { shutdown: { delay: 0s, drain: 1s } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: all, match: { path: /** }, upstream: users }]
`;

it('an application serves the management port if it asks for it, until it closes', async () => {
  const app = await application({ yaml: YAML, breakwater: { management: true } });
  await (await app.fetch('/users/1')).text();
  const url = app.app.get(BreakwaterModule).managementUrl ?? '';
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain(
    'breakwater_requests_total{route="all",method="GET",status="200",outcome="success"} 1',
  );
  const overview = await (await fetch(`${url}/admin/overview`)).json();
  expect(overview).toMatchObject({ upstreams: [{ id: 'users', breaker: { state: 'closed' } }] });
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  await app.app.close();
  await expect(fetch(url)).rejects.toThrow(TypeError);
});

it('an application does not serve it otherwise', async () => {
  const app = await application({ yaml: YAML });
  expect(app.app.get(BreakwaterModule).managementUrl).toBeUndefined();
  expect(await (await app.fetch('/metrics')).text()).toBe('/metrics');
});
