import { describe, expect, it } from 'vitest';

interface Contender {
  readonly id: string;
  readonly title: string;
  readonly role: string;
  readonly forwards: boolean;
}
interface Row {
  readonly id: string;
  readonly requestsPerSecond: number;
  readonly ofCeiling: number;
  readonly ofBestPeer: number;
  readonly cpuMicrosPerRequest: number;
  readonly failed: number;
  readonly rates: object;
}
interface Summary {
  readonly bestPeer?: string;
  readonly rows: readonly Row[];
}

// A script, without types.
const { notes, summarise } = (await import(new URL('throughput.mjs', import.meta.url).href)) as {
  summarise: (results: readonly { contender: Contender; rounds: readonly object[] }[]) => Summary;
  notes: (summary: Summary) => string[];
};

function result(id: string, role: string, requests: readonly number[], { forwards = true, ...rest } = {}) {
  const contender = { id, title: id, role, forwards };
  const round = { seconds: 2, p50Ms: 1, p99Ms: 2, failed: 0, cpuSeconds: 2, othersShare: 0, ...rest };
  return { contender, rounds: requests.map((count) => ({ ...round, requests: count })) };
}

describe('summarise', () => {
  it('takes ratios within each round, so that a disturbed round does not change them', () => {
    // In the second round the machine had half of its speed.
    const { rows } = summarise([
      result('bare', 'ceiling', [2000, 1000, 2000]),
      result('breakwater', 'breakwater', [1600, 800, 1600]),
    ]);
    expect(rows[1]).toMatchObject({ requestsPerSecond: 800, ofCeiling: 0.8 });
    expect(rows[1]?.rates).toEqual({ median: 800, least: 400, most: 800 });
  });

  it('compares with the fastest peer that forwards', () => {
    const { bestPeer, rows } = summarise([
      result('slow', 'peer', [100]),
      result('fast', 'peer', [200]),
      result('cached', 'peer', [900], { forwards: false }),
      result('nginx', 'server', [800]),
      result('breakwater', 'breakwater', [300]),
    ]);
    expect(bestPeer).toBe('fast');
    expect(rows.find(({ id }) => id === 'breakwater')?.ofBestPeer).toBe(1.5);
  });

  it('computes the CPU time per request', () => {
    const { rows } = summarise([result('bare', 'ceiling', [1000])]);
    expect(rows[0]?.cpuMicrosPerRequest).toBe(2000);
  });

  it('adds up the requests that failed in all rounds', () => {
    const { rows } = summarise([result('bare', 'ceiling', [1000, 1000], { failed: 2 } as object)]);
    expect(rows[0]?.failed).toBe(4);
  });

  it.each([
    ['did not use its core', { cpuSeconds: 1 }, 'something else set the pace'],
    [
      'shared its core with others',
      { othersShare: 0.2 },
      "Other work took up to 20% of the contenders' core",
    ],
  ])('notes a contender that %s', (_case, round, note) => {
    const quiet = notes(summarise([result('bare', 'ceiling', [1000])]));
    const disturbed = notes(summarise([result('bare', 'ceiling', [1000], round as object)]));
    expect(quiet.join()).not.toContain(note);
    expect(disturbed.join()).toContain(note);
  });
});
