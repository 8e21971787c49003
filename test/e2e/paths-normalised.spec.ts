import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';

const YAML = `
upstreams: { admin: { url: "\${ADMIN_URL}" }, public: { url: "\${PUBLIC_URL}" } }
routes:
  - { id: admin, match: { path: /admin/** }, upstream: admin }
  - { id: git, match: { path: '/git/{project}', encodedSlashes: pass }, upstream: public }
  - { id: slashes, match: { path: /slashes/**, encodedSlashes: pass }, upstream: public }
  - { id: secret, match: { path: /slashes/secret/** }, upstream: admin }
  - { id: one, match: { path: '/slashes/one/{id}' }, upstream: admin }
  - { id: public, match: { path: /** }, upstream: public }
`;

const gw = gateway(YAML)
  .withUpstream('admin', (req, res) => void res.end(`admin ${req.url}`))
  .withUpstream('public', (req, res) => void res.end(`public ${req.url}`))
  .startOnce();

/** @returns which upstream gets the request, and its URL there */
async function forwarded(target: string): Promise<string | undefined> {
  return answersIn(await raw(gw.url, requestHead(`GET ${target}`, 'Connection: close')))[0]?.body;
}

describe('the matched path', () => {
  it.each([
    ['/admin', 'admin /admin'],
    ['/%61dmin/x', 'admin /admin/x'],
    ['/%61%64%6D%69%6e', 'admin /admin'],
    ['/admin//x', 'admin /admin//x'],
    ['/fetch/https://a.test//b', 'public /fetch/https://a.test//b'],
    ['//x', 'public //x'],
    ['/git/group%2fname', 'public /git/group%2Fname'],
    ['/admin/', 'admin /admin/'],
    ['http://gateway.test/%61dmin', 'admin /admin'],
    ['/Admin', 'public /Admin'],
    ['/ADMIN/x', 'public /ADMIN/x'],
    ['/administrator', 'public /administrator'],
    ['/x/admin', 'public /x/admin'],
    ['/%2561dmin', 'public /%2561dmin'],
  ])('is the forwarded path: %s is %s', async (target, expected) => {
    expect(await forwarded(target)).toBe(expected);
  });

  it.each([
    ['/a%252e%252e/b', '/a%252e%252e/b'],
    ['/a%252fb', '/a%252fb'],
    ['/%c3%a9', '/%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a%3fb%23c%3bd', '/a%3Fb%23c%3Bd'],
    ['/a;b=c,d@e:f', '/a;b=c,d@e:f'],
    ['/%7Euser/a%2Db', '/~user/a-b'],
    ['/.well-known/x', '/.well-known/x'],
    ['/.../a..b', '/.../a..b'],
  ])('has one spelling and is decoded at most once: %s is %s', async (target, expected) => {
    expect(await forwarded(target)).toBe(`public ${expected}`);
  });

  it.each([
    '?',
    '?a=1&a=2&b',
    '?a=%2e%2e%2f..&b=//&c=%0d%0aX:%201&d=%00&e=%ff',
    '?a=/../?b&=&&',
    '?a="<>|{}\\^`',
    '?__proto__=1&constructor[prototype]=2',
  ])('keeps its query unchanged: %s', async (query) => {
    expect(await forwarded(`/a${query}`)).toBe(`public /a${query}`);
  });

  it.each([
    '//admin',
    '//admin/x',
    '///admin',
    '/slashes//secret',
    '/slashes%2Fsecret',
    '/slashes/secret%2Fx',
    '/slashes//one/x%2Fy',
  ])(
    'is refused when an upstream that merges or decodes slashes could read that of another route: %s',
    async (target) => {
      expect(await forwarded(target)).toContain('malformed_path');
    },
  );

  it('is also used for the gateway’s own controllers', async () => {
    const live = await forwarded('/health/live');
    expect(live).toContain('"process"');
    expect(await forwarded('/%68ealth/live')).toBe(live);
  });
});
