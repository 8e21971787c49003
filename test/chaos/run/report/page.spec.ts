import { describe, expect, it } from 'vitest';
import { goodRun } from '../good-run.js';
import { reportOf } from '../report.js';
import { page } from './page.js';

const COMMAND = 'npm run chaos -- --seed 1';
const html = (run = goodRun()) => page(reportOf(run, COMMAND));

describe('the report', () => {
  it('begins with the verdict and says how to repeat the run', () => {
    expect(/verdict held.*/.exec(html())?.[0]).toContain('All 10 objectives held');
    expect(/<code>.*/.exec(html())?.[0]).toContain(COMMAND);
    const { before } = goodRun().footprint;
    const leak = { before, after: { ...before, sockets: 500 } };
    expect(html({ ...goodRun(), footprint: leak })).toContain('1 of 10 objectives did not hold');
  });

  it('says when the breakers were in shadow mode', () => {
    const run = goodRun();
    expect(html()).not.toContain('shadow mode');
    expect(html({ ...run, options: { ...run.options, withoutBreaker: true } })).toContain('shadow mode');
  });

  it('loads nothing, and has no numbers that are none', () => {
    expect(html().match(/\b(?:src|href)=|@import|url\(/)).toBeNull();
    expect(html().match(/.{80}(?:NaN|Infinity|undefined)/)).toBeNull();
    const instant = goodRun().requests.map((each) => ({ ...each, ms: 0 }));
    expect(html({ ...goodRun(), requests: instant }).match(/.{80}(?:NaN|Infinity|undefined)/)).toBeNull();
    const empty = html({ ...goodRun(), requests: [], faults: [], transitions: [] });
    expect(empty.match(/="[^"]*(?:NaN|Infinity|undefined)/)).toBeNull();
  });

  it('shows faults and breakers with their cause on the same time axis', () => {
    const run = goodRun();
    const left = (className: string) => {
      const box = new RegExp(`<rect x="([\\d.]+)"[^>]* width="([\\d.]+)"[^>]* class="${className}"`).exec(
        html(),
      );
      return [Number(box?.[1]), Number(box?.[1]) + Number(box?.[2])];
    };
    const [faultFrom = NaN, faultTo = NaN] = left('fault service');
    const [openFrom = NaN, openTo = NaN] = left('breaker open');
    const pixels = (faultTo - faultFrom) / 8_000;
    expect(openFrom - faultFrom).toBeCloseTo(500 * pixels, 0);
    expect(openTo - faultTo).toBeCloseTo(1_000 * pixels, 0);
    expect(html(run)).toContain('connect_failed ECONNREFUSED');
  });

  it('escapes what comes from outside', () => {
    const run = goodRun();
    const transitions = run.transitions.map((each) => ({ ...each, cause: '<script>' }));
    expect(html({ ...run, transitions })).not.toContain('<script>');
  });
});
