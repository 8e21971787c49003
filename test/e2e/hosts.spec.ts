import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const BY_HOST = `
upstreams: { api: { url: "\${API_URL}" }, any: { url: "\${ANY_URL}" } }
routes:
  - { id: api, match: { path: /**, hosts: [api.example.com] }, upstream: api }
  - { id: any, match: { path: /**, hosts: ["*.example.com"] }, upstream: any }
`;

const byHost = gateway(BY_HOST)
  .withUpstream('api', (req, res) => void res.end(`api ${String(req.headers['x-forwarded-host'])}`))
  .withUpstream('any', (req, res) => void res.end(`any ${String(req.headers['x-forwarded-host'])}`))
  .startOnce();

async function answerOf(request: string) {
  const [answer] = answersIn(await raw(byHost.url, request));
  return answer?.status === 200 ? answer.body : answer?.status;
}

const get = (host: string, target = '/') =>
  requestHead(`GET ${target}`, `Host: ${host}`, 'Connection: close');

describe('the host of a request', () => {
  it.each([
    ['api.example.com', 'api api.example.com'],
    ['API.Example.COM', 'api API.Example.COM'],
    ['api.example.com.', 'api api.example.com.'],
    ['api.example.com:8080', 'api api.example.com:8080'],
    ['api.example.com.:8080', 'api api.example.com.:8080'],
    ['www.example.com', 'any www.example.com'],
    ['a.b.example.com', 'any a.b.example.com'],
    ['example.com', 404],
    ['api.example.com.evil.test', 404],
    ['evil-example.com', 404],
    ['127.0.0.1', 404],
    ['[::1]:8080', 404],
  ])('is matched without case, port and trailing dot: %s', async (host, expected) => {
    expect(await answerOf(get(host))).toBe(expected);
  });

  it('is taken from an absolute target rather than from Host', async () => {
    expect(await answerOf(get('www.example.com', 'http://api.example.com/x'))).toBe('api api.example.com');
    expect(await answerOf(get('api.example.com', 'http://evil.test/x'))).toBe(404);
  });

  it('can be missing in HTTP/1.0 for routes of every host', async () => {
    expect(await answerOf('GET / HTTP/1.0\r\n\r\n')).toBe(404);
    const gw = await gateway(ONE_ROUTE).withUpstream('users', recording().handler).start();
    expect(await raw(gw.url, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
