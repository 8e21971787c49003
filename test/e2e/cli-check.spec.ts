import { describe, expect, it } from 'vitest';
import { cli, shell } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';

/** Of an upstream with default limits. */
const CAPACITY = '256 calls waiting for a response, 512 in the queue, 1024 streams, 1280 connections.';

describe('breakwater check', { timeout: 60_000 }, () => {
  it('exits with 0 and counts routes and upstreams of a valid file', async () => {
    const file = await temporaryFile('gateway.yaml', config('users: { url: http://127.0.0.1:9 }'));
    expect(await cli(['check', '-c', file])).toEqual({
      code: 0,
      stdout: `${file} is valid: 1 route, 1 upstream.\nCapacity of users: ${CAPACITY}`,
      stderr: '',
    });
  });

  it('exits with 0 and prints warnings on stderr', async () => {
    const file = await temporaryFile(
      'gateway.yaml',
      config(
        'users: { url: http://127.0.0.1:9, breaker: { window: 1s } }\n  spare: { url: http://127.0.0.1:9, hashOn: user }',
      ),
    );
    const { code, stdout, stderr } = await cli(['check', '-c', file]);
    expect([code, stdout]).toEqual([
      0,
      `${file} is valid: 1 route, 2 upstreams.\nCapacity of users, spare: ${CAPACITY}`,
    ]);
    expect(stderr.split(/\n(?: .*\n)*/)).toEqual([
      'Warnings:',
      expect.stringMatching(/gateway\.yaml:2:\d+ upstreams\.users\.breaker\.window: .*\(1s\).*\(3s\)/),
      expect.stringMatching(/gateway\.yaml:3:\d+ upstreams\.spare\.hashOn: only /),
      '',
    ]);
  });

  it('exits with 1 and prints every problem on stderr in the order of the file', async () => {
    const file = await temporaryFile('gateway.yaml', config('users: { url: ftp://x, timeout: 0s }'));
    const { code, stdout, stderr } = await cli(['check', '-c', file]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /gateway\.yaml:2:17 upstreams\.users\.url: .*\n {6}users: .*\n {20}\^\n.*gateway\.yaml:2:35 upstreams\.users\.timeout: /,
    );
    expect(stderr).toContain(`2 problems in ${file}.`);
  });

  it('prints thousands of problems through a pipe without losing any', async () => {
    const unknown = Array.from({ length: 1_500 }, (_, i) => `typo${i}: 1`);
    const file = await temporaryFile(
      'gateway.yaml',
      config(`users: { url: http://127.0.0.1:9, ${unknown.join(', ')} }`),
    );
    // The reader is slower than the writer.
    const { code, stdout } = await shell(
      `{ breakwater check -c ${file} 2>&1; echo "code $?"; } | (sleep 1; cat)`,
    );
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(stdout.length).toBeGreaterThan(2 * 65_536);
    // Each has its line of the file and a caret.
    expect(lines).toHaveLength(3 * 1_500 + 3);
    expect(lines.slice(-2)).toEqual([`1500 problems in ${file}.`, 'code 1']);
  });

  it('substitutes environment variables', async () => {
    const file = await temporaryFile('gateway.yaml', config('users: { url: "${USERS_URL}" }'));
    expect(await cli(['check', '-c', file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('USERS_URL is not set'),
    });
    expect(await cli(['check', '-c', file], { USERS_URL: 'http://users:3001' })).toMatchObject({ code: 0 });
  });
});

function config(upstreams: string): string {
  return `upstreams:\n  ${upstreams}\nroutes: [{ id: users, match: { path: /users/** }, upstream: users }]\n`;
}
