import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cli, shell } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';

const YAML = `
upstreams: { users: { url: http://localhost:3001, breaker: { consecutiveFailures: 3 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

/** Three failing calls, a second apart, and one call 500 ms after. */
const LINES = [0, 1_000, 2_000, 2_500].map((at) =>
  JSON.stringify({
    context: 'Access',
    time: new Date(Date.parse('2026-03-01T10:00:00Z') + at).toISOString(),
    route: 'users',
    upstream: 'users',
    status: 502,
    outcome: 'reset',
    tries: 1,
    upstreamMs: 1,
  }),
);

describe('breakwater simulate', { timeout: 60_000 }, () => {
  it('prints JSON and writes a picture', async () => {
    const config = await temporaryFile('gateway.yaml', YAML);
    const log = await temporaryFile('access.log', LINES.join('\n'));
    const { code, stdout, stderr } = await cli([
      'simulate',
      '-c',
      config,
      '--json',
      '--svg',
      `${log}.svg`,
      log,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      upstreams: [{ upstream: 'users', calls: 4, failed: 4, configured: { opened: 1, saved: 1 } }],
    });
    expect(await readFile(`${log}.svg`, 'utf8')).toMatch(/^<svg [^]*users: 4 calls[^]*<\/svg>\n$/);
  });

  it('reads standard input', async () => {
    const config = await temporaryFile('gateway.yaml', YAML);
    const log = await temporaryFile('access.log', LINES.join('\n'));
    const { code, stdout } = await shell(`breakwater simulate -c '${config}' - < '${log}'`);
    expect([code, stdout]).toEqual([0, expect.stringContaining('would have opened once.')]);
  });

  it.each([
    ['none.log', "ENOENT: no such file or directory, open 'none.log'"],
    ['src', 'src: EISDIR: illegal operation on a directory, read'],
  ])('reports in one line that it cannot read %s', async (log, message) => {
    const config = await temporaryFile('gateway.yaml', YAML);
    const { code, stdout, stderr } = await cli(['simulate', '-c', config, log]);
    expect([code, stdout, stderr.trim()]).toEqual([1, '', message]);
  });

  it('reports that no line is usable', async () => {
    const config = await temporaryFile('gateway.yaml', YAML);
    const log = await temporaryFile('access.log', '127.0.0.1 - - "GET / HTTP/1.1" 200\n');
    const { code, stdout, stderr } = await cli(['simulate', '-c', config, log]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`no line tells of a call to an upstream of ${config}. Expected the JSON lines`);
  });

  it('names upstreams that the configuration does not have', async () => {
    const config = await temporaryFile('gateway.yaml', YAML);
    const orders = LINES.map((line) => line.replaceAll('users', 'orders'));
    const log = await temporaryFile('access.log', [...LINES, ...orders].join('\n'));
    const { code, stdout, stderr } = await cli(['simulate', '-c', config, log]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('users: 4 calls')]);
    expect(stderr.trim()).toBe('The configuration has no upstream "orders": 4 calls skipped.');
  });
});
