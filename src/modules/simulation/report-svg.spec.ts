import { expect, it } from 'vitest';
import { reportSvg } from './report-svg.js';
import type { SimulationReport } from './simulation.js';

const report = (upstream: string): SimulationReport => ({
  from: 0,
  to: 10_000,
  skipped: 0,
  late: 0,
  unknown: {},
  upstreams: [
    {
      upstream,
      calls: 4,
      failed: 1,
      rejected: 0,
      retried: 0,
      severalTargets: false,
      configured: { thresholds: '', opened: 1, openMs: 5_000, saved: 1, savedTries: 1, refused: 0 },
      openings: [
        { at: 5_000, reason: 'error-rate', until: undefined, failedTrials: 0, saved: 1, refused: 0 },
      ],
      candidates: 1,
      better: [],
      spans: [
        { from: 0, good: 3, failed: 0 },
        { from: 5_000, good: 0, failed: 1 },
      ],
    },
  ],
});

it('draws calls and open times to scale', () => {
  const svg = reportSvg(report('users'));
  // Half of 880 pixels is five seconds; 110 pixels are three calls.
  expect(svg).toContain('<rect class="good" x="60" y="96.0" width="440"');
  expect(svg).toContain('<rect class="failed" x="500" y="169.3" width="440" height="36.7"/>');
  expect(svg).toContain('<rect class="open" x="500" y="86.0" width="440" height="8.0"/>');
});

it('draws a log of one instant, and escapes names', () => {
  const svg = reportSvg({ ...report('<a>&'), to: 0 });
  expect(svg).toContain('&lt;a>&amp;: 4 calls');
  expect(svg).not.toContain('NaN');
});
