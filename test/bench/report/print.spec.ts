import { expect, it } from 'vitest';

// A script, without types.
const { failures } = (await import(new URL('print.mjs', import.meta.url).href)) as {
  failures: (run: object) => string[];
};

const row = (title: string, failed: number) => ({ title, failed });

it('names each measurement in which requests failed', () => {
  const sizes = [{ failed: 0, reload: { failed: 3 } }, { failed: 1 }, { failed: 2 }];
  const run = {
    throughput: { rows: [row('bare', 0), row('recipe', 1)] },
    latency: { rows: [row('bare', 2)] },
    memory: [row('bare', 0)],
    scale: [
      { title: 'nginx', routes: sizes, upstreams: [{ failed: 0 }] },
      { title: 'HAProxy', routes: [{ failed: 0, reload: { failed: 3 } }], upstreams: [] },
    ],
    skipped: ['Caddy'],
  };
  expect(failures(run)).toEqual([
    'recipe (throughput)',
    'bare (latency)',
    'nginx (routes and upstreams)',
    'Caddy (could not be measured)',
  ]);
});

it('finds none in a run without failures', () => {
  expect(failures({ throughput: { rows: [row('bare', 0)] }, skipped: [] })).toEqual([]);
});
