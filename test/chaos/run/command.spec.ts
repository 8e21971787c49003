import { describe, expect, it } from 'vitest';
import { spawnScript } from '../../support/process.js';

async function chaos(...args: string[]) {
  const run = spawnScript(['scripts/chaos.mjs', ...args]);
  return { code: await run.exited, output: run.lines.join('\n'), stderr: run.stderr };
}

describe('npm run chaos', () => {
  it('explains its options', async () => {
    const { code, output } = await chaos('--help');
    expect(code).toBe(0);
    for (const option of ['--seed', '--minutes', '--quick', '--rate', '--out', '--without-breaker']) {
      expect(output).toContain(option);
    }
  });

  it.each([
    [['--minuets', '3'], /Unknown option '--minuets'.*Usage: /s],
    [['--minutes', '1'], /--minutes must be a number from 2 to 240, but it is 1\./],
    [['--seed', 'x'], /--seed must be a number/],
    [['--quick', '--minutes', '3'], /exclude each other/],
  ])('refuses %j and says why', async (args, reason) => {
    const { code, stderr } = await chaos(...args);
    expect(stderr).toMatch(reason);
    expect(code).toBe(1);
  });
});
