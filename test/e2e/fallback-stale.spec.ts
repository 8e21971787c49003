import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 0 }, fallback: { upstream: readonly } }
  readonly: { url: "\${READONLY_URL}" }
routes: [{ id: users, match: { path: /** }, upstream: users, cache: { staleIfError: 1h } }]
`;

it('comes before the fallback upstream, where a stale answer is kept, and never while the upstream answers', async () => {
  let isAway = false;
  const readonly = recording((_req, res) => void res.end('readonly'));
  const gw = await gateway(YAML)
    .withUpstream('users', (req, res) => {
      if (isAway) req.socket.destroy();
      else res.writeHead(200, { 'cache-control': 'max-age=0' }).end('kept');
    })
    .withUpstream('readonly', readonly.handler)
    .start();
  const get = async (path: string) => {
    const response = await gw.fetch(path);
    return [await response.text(), response.headers.get('breakwater-fallback')];
  };

  expect(await get('/kept')).toEqual(['kept', null]);
  expect(await get('/kept')).toEqual(['kept', null]);
  isAway = true;

  expect(await get('/kept')).toEqual(['kept', 'stale']);
  expect(readonly.requests).toEqual([]);
  expect(await get('/other')).toEqual(['readonly', 'upstream']);
});
