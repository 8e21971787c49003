import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { TestProcess } from '../support/process.js';
import { until } from '../support/until.js';

const start = (management = '{}') =>
  gateway(`
management: ${management}
upstreams: { api: { url: "\${API_URL}", breaker: { consecutiveFailures: 2, openFor: 1m, maxOpenFor: 1m }, retry: { attempts: 0 } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`)
    .withUpstream('api', (_req, res) => res.writeHead(500).end())
    .start();

describe('breakwater top', { timeout: 60_000 }, () => {
  it('prints the state once when its output is not a terminal', async () => {
    const gw = await start();
    await gw.fetch('/');
    await gw.fetch('/');
    const { code, stdout, stderr } = await cli(['top', '--url', gw.gateway.managementUrl]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('1 down of 1 upstream.');
    expect(stdout).toMatch(/■ Down api {2}Breaker open since/);
    expect(stdout).toContain('2 calls in a row failed: status 500 from 127.0.0.1:');
    expect(stdout).not.toContain('\u001b');
  });

  it('takes the token from an option or a variable', async () => {
    const gw = await start('{ token: operators-only-token }');
    const command = ['top', '--once', '--url', gw.gateway.managementUrl];
    expect(await cli(command)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('wants its token: --token, or the variable ADMIN_TOKEN.'),
    });
    expect((await cli([...command, '--token', 'operators-only-token'])).code).toBe(0);
    expect((await cli(command, { ADMIN_TOKEN: 'operators-only-token' })).code).toBe(0);
  });

  it.each([
    ['http://127.0.0.1:nine', 'is no URL'],
    ['', 'does not answer: ECONNREFUSED. Name the management port of a running gateway with --url.'],
  ])('exits with 1 when it cannot read: %j', async (url, message) => {
    const { code, stdout, stderr } = await cli(['top', '--url', url || (await closedPort())]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  it.skipIf(process.platform !== 'linux')(
    'follows the gateway in a terminal until q is pressed',
    async () => {
      const gw = await start();
      const command = `stty rows 30 cols 100; "${process.execPath}" dist/cli.js top --url ${gw.gateway.managementUrl}`;
      const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
      const terminal = new TestProcess(child);
      const shown = (text: string) => until(text, () => terminal.lines.some((line) => line.includes(text)));
      await shown('The upstream is OK.');
      await gw.fetch('/');
      await gw.fetch('/');
      await shown('1 down of 1 upstream.');
      await shown('Next trial in');
      child.stdin.write('q');
      expect(await terminal.exited).toBe(0);
      expect(terminal.lines.join('\n')).toContain('\u001b[?1049h');
      expect(terminal.lines.at(-1)).toContain('\u001b[?1049l');
    },
  );
});
