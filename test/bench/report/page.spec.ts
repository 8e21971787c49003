import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// Scripts, without types.
const { docs } = (await import(new URL('write.mjs', import.meta.url).href)) as {
  docs: () => [path: string, text: string][];
};

const { page } = (await import(new URL('page.mjs', import.meta.url).href)) as {
  page: (run: object) => string;
};

const files = docs();
const results = JSON.parse(
  readFileSync(new URL('../../../docs/benchmarks/results.json', import.meta.url), 'utf8'),
) as object;

// `npm run docs` writes them anew from the figures of the last run.
describe('docs/benchmarks.md', () => {
  it.each(files.map(([path, text]) => ({ name: path.split('/').at(-1), path, text })))(
    'agrees with the figures of the run: $name',
    async ({ path, text }) => {
      await expect(text).toMatchFileSnapshot(path);
    },
  );

  it('shows every chart', () => {
    const [[file], ...charts] = files as [[string, string], ...[string, string][]];
    const shown = [...readFileSync(file, 'utf8').matchAll(/\]\((benchmarks\/\w+\.svg)\)/g)].map(
      ([, name]) => name,
    );
    expect(new Set(shown)).toEqual(new Set(charts.map(([path]) => `benchmarks/${path.split('/').at(-1)}`)));
  });

  it('says whether the run was a quick one, and what it lacks', () => {
    const quick = page({ ...results, isQuick: true });
    expect(quick).toContain('It was a quick run');
    expect(quick).toContain('`npm run bench -- --quick --write`');

    const missing = [{ id: 'caddy', title: 'Caddy', hint: '`apt install caddy`' }];
    const full = page({ ...results, isQuick: false, missing, skipped: ['nginx'] });
    expect(full).not.toContain('quick run');
    expect(full).toContain('- Caddy was missing. To measure it: `apt install caddy`.');
    expect(full).toContain('- A part of the measurements of nginx failed and is missing.');
  });

  it.each([
    [0.04, false],
    [0.5, true],
  ])('says when other processes disturbed the run: %d of the core', (disturbed, isSaid) => {
    const throughput = { rows: [{ rates: {}, disturbed }] };
    expect(page({ ...results, throughput }).includes('**The machine was busy**')).toBe(isSaid);
  });

  it('has no section for what was not measured', () => {
    expect(page({ ...results, memory: undefined })).not.toContain('### Memory');
  });
});
