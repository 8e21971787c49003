import { describe, expect, it } from 'vitest';
import { shell } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';
import { snippets } from './snippets.js';

const PAGE = 'docs/simulate.md';
const [yaml = ''] = snippets('yaml').flatMap(({ place, text }) => (place.startsWith(PAGE) ? [text] : []));
const [output = ''] = snippets('text').flatMap(({ place, text }) => (place.startsWith(PAGE) ? [text] : []));

/** The log of the example: ten calls a second for two minutes, of which those from 0:30 to 0:50 fail. */
function log(): string {
  const start = Date.parse('2026-03-01T10:00:00Z');
  const lines = Array.from({ length: 1_200 }, (_, i) => {
    const hasFailed = i >= 300 && i < 500;
    return JSON.stringify({
      level: hasFailed ? 'warn' : 'info',
      time: new Date(start + i * 100).toISOString(),
      context: 'Access',
      route: 'users',
      status: hasFailed ? 502 : 200,
      outcome: hasFailed ? 'connect_failed' : 'success',
      upstream: 'users',
      tries: 1,
      upstreamMs: 10,
    });
  });
  return [...lines, '{"context":"Server","msg":"listening"}', ''].join('\n');
}

describe('the example of docs/simulate.md', { timeout: 60_000 }, () => {
  it('prints what the page shows', async () => {
    const config = await temporaryFile('gateway.yaml', yaml);
    const access = await temporaryFile('access.log', log());
    expect(output).toContain('breakwater simulate -c gateway.yaml access.log');
    const { code, stdout, stderr } = await shell(`breakwater simulate -c '${config}' '${access}'`);
    expect([code, stderr]).toEqual([0, '']);
    expect(`$ breakwater simulate -c gateway.yaml access.log\n${stdout.trimEnd()}\n`).toBe(output);
  });
});
