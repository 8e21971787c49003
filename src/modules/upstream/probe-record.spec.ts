import { describe, expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { ProbeRecord } from './probe-record.js';
import type { Target } from './target.js';

const { health } = configOf('upstreams: { users: { url: http://users.test, health: {} } }').upstreams[
  'users'
]!;
const PASSED = { passed: true, detail: '200' };
const NOT_FOUND = { passed: false, detail: '404' };
const TIMEOUT = { passed: false, detail: 'timeout' };

function setUp() {
  const time = { now: 0 };
  const log: unknown[] = [];
  const warnings: string[] = [];
  const probes = new ProbeRecord(
    { now: () => time.now, wall: () => time.now },
    () => ({
      all: [{ name: 'a' } as Target, { name: 'b' } as Target],
      recordProbe: ({ name }, passed) => void log.push(`${name} ${passed}`),
    }),
    {
      reportProbe: (passed) => void log.push(passed),
      ignoreProbe: () => void log.push('ignored'),
    },
  );
  probes.ignored.on(({ detail }) => warnings.push(detail));
  return {
    time,
    warnings,
    probes,
    report: (...results: (typeof PASSED)[]) => {
      log.length = 0;
      probes.report(results, health!);
      return [...log];
    },
  };
}

describe('ProbeRecord', () => {
  it.each([NOT_FOUND, TIMEOUT])('ignores a probe that has never passed: %j', (failed) => {
    const { probes, report } = setUp();
    expect(report(failed, failed)).toEqual(['a ignored', 'b ignored', 'ignored']);
    expect([probes.isIgnored, probes.last]).toEqual([true, failed]);
  });

  it('counts failed probes of every target once one has passed', () => {
    const { probes, report } = setUp();
    expect(report(NOT_FOUND, PASSED)).toEqual(['a false', 'b true', true]);
    expect(report(NOT_FOUND, TIMEOUT)).toEqual(['a false', 'b false', false]);
    expect(probes.isIgnored).toBe(false);
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED'])('counts %s from the start', (detail) => {
    const { report } = setUp();
    const refused = { passed: false, detail };
    expect(report(refused, refused)).toEqual(['a false', 'b false', false]);
    expect(report(refused, NOT_FOUND)).toEqual(['a false', 'b ignored', 'ignored']);
  });

  it('learns nothing from a probe for which the gateway could not open a connection', () => {
    const { probes, report } = setUp();
    const blocked = { passed: false, detail: 'EMFILE' };
    report(PASSED, PASSED);
    expect(report(blocked, blocked)).toEqual([]);
    expect(probes.last).toBe(PASSED);
    expect(report(blocked, NOT_FOUND)).toEqual(['b false', false]);
    expect(report(blocked, PASSED)).toEqual(['b true', true]);
  });

  it('warns after as many ignored probes as would open the breaker, and again after an hour', () => {
    const { time, warnings, report } = setUp();
    for (let i = 0; i < 2; i++) report(NOT_FOUND, TIMEOUT);
    expect(warnings).toEqual([]);
    for (let i = 0; i < 5; i++) report(NOT_FOUND, TIMEOUT);
    expect(warnings).toEqual(['404']);
    time.now += 3_600_000;
    for (let i = 0; i < 2; i++) report(TIMEOUT, NOT_FOUND);
    expect(warnings).toEqual(['404', 'timeout']);
  });
});
