import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnScript } from '../../support/process.js';
import type { Report } from './report.js';
import { planFaults } from './schedule.js';

const { hasArtillery } = (await import(
  new URL('../../../scripts/lib/artillery.mjs', import.meta.url).href
)) as {
  hasArtillery: () => boolean;
};
if (!hasArtillery()) console.warn('A suite is skipped: `npm run chaos` has not yet installed Artillery.');

const SEED = 7;

// Artillery is too large to be installed for a suite, also with CI=true; a workflow runs the command every week.
describe.skipIf(!hasArtillery())('npm run chaos', { timeout: 240_000 }, () => {
  it('fails when the breakers reject nothing, and says so in its report', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'breakwater-chaos-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const options = ['--quick', '--without-breaker', '--seed', String(SEED), '--out', folder];
    const run = spawnScript(['scripts/chaos.mjs', ...options]);

    expect([await run.exited, run.stderr]).toEqual([1, '']);
    const report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;
    const status = Object.fromEntries(report.objectives.map((each) => [each.title, each.status]));
    expect(status).toMatchObject({
      'p99 of the answers for orders while its breaker is open': 'failed',
      'Requests for orders without an answer': 'held',
      'Errors of users while orders is away': 'held',
      'Requests of the cached route without an answer': 'held',
    });

    const services = report.faults.filter(({ target }) => target !== 'redis');
    const planned = planFaults(SEED, 10_000, 48_000, false);
    expect(services.map(({ target, kind, at }) => ({ target, kind, at }))).toEqual(
      planned.map(({ target, kind, at }) => ({ target, kind, at })),
    );
    expect(report.breakers.some(({ cause }) => cause === 'connect_failed ECONNREFUSED')).toBe(true);
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toContain('did not hold');
    expect(run.lines.join('\n')).toContain(join(folder, 'report.html'));
  });
});
