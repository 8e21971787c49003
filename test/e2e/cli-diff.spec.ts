import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';

const BEFORE = `
upstreams: { users: { url: http://users:1 }, orders: { url: http://orders:1 } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }, { id: orders, match: { path: /orders }, upstream: orders }]
`;
const AFTER = `
server: { port: 9000, compression: true }
upstreams: { users: { url: http://users:2 }, next: { url: http://next:1 } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }, { id: next, match: { path: /next }, upstream: next }]
`;

async function diff(before: string, after: string) {
  return cli(['diff', await temporaryFile('a.yaml', before), await temporaryFile('b.yaml', after)]);
}

describe('breakwater diff', { timeout: 60_000 }, () => {
  it('shows what a reload would change, and which settings need a restart', async () => {
    const { code, stdout } = await diff(BEFORE, AFTER);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect([code, rows]).toEqual([
      0,
      [
        ['added', 'upstreams', 'next'],
        ['added', 'routes', 'next'],
        ['changed', 'upstreams', 'users'],
        // It inherits `server.compression`.
        ['changed', 'routes', 'users'],
        ['removed', 'upstreams', 'orders'],
        ['removed', 'routes', 'orders'],
        ['changed', 'sections', 'server'],
        ['after a restart', 'settings', 'server.port'],
      ],
    ]);
  });

  it('reports that nothing would change', async () => {
    const same = await diff(BEFORE, `# A comment.\n${BEFORE}`);
    expect(same).toMatchObject({ code: 0, stdout: 'A reload would change nothing.' });
  });

  it('lists the problems of either file', async () => {
    const { code, stderr } = await diff(BEFORE, 'upstreams: { users: {} }');
    expect([code, stderr]).toEqual([1, expect.stringContaining('b.yaml:1:14 upstreams.users')]);
  });
});
