import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// A script, without types.
const { docs } = (await import(new URL('write.mjs', import.meta.url).href)) as {
  docs: () => [path: string, text: string][];
};

const files = docs();

// `npm run docs` writes them anew from the figures of the last run.
describe('docs/benchmarks.md', () => {
  it.each(files.map(([path, text]) => ({ name: path.split('/').at(-1), path, text })))(
    'agrees with the figures of the run: $name',
    async ({ path, text }) => {
      await expect(text).toMatchFileSnapshot(path);
    },
  );

  it('shows every chart', () => {
    const [[page], ...charts] = files as [[string, string], ...[string, string][]];
    const shown = [...readFileSync(page, 'utf8').matchAll(/\]\((benchmarks\/\w+\.svg)\)/g)].map(
      ([, file]) => file,
    );
    expect(new Set(shown)).toEqual(new Set(charts.map(([path]) => `benchmarks/${path.split('/').at(-1)}`)));
  });
});
