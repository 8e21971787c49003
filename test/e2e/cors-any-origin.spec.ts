import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const YAML = `server: { cors: { origins: ["*"] } }\n${ONE_ROUTE}`;

describe('with every origin allowed', () => {
  it('a response allows every origin without credentials', async () => {
    const gw = await gateway(YAML).withUpstream('users', recording().handler).start();
    const { headers } = await gw.fetch('/1', { headers: { origin: 'https://anywhere.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('a preflight allows the usual methods', async () => {
    const gw = await gateway(YAML).withUpstream('users', recording().handler).start();
    const asking = { origin: 'https://anywhere.example', 'access-control-request-method': 'DELETE' };
    const response = await gw.fetch('/1', { method: 'OPTIONS', headers: asking });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('DELETE');
  });
});
