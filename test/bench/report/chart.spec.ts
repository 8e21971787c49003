import { describe, expect, it } from 'vitest';

interface Row {
  readonly title: string;
  readonly role: string;
  readonly values: readonly number[];
}

// A script, without types.
const { barChart } = (await import(new URL('chart.mjs', import.meta.url).href)) as {
  barChart: (chart: object) => string;
};

const rows: Row[] = [
  { title: 'Breakwater', role: 'breakwater', values: [50, 10] },
  { title: 'A & <B>', role: 'peer', values: [100, 20] },
];

function draw(options: object = {}): string {
  const panels = [0, 1].map((i) => ({
    title: `panel ${i}`,
    format: String,
    value: (row: Row) => row.values[i],
  }));
  return barChart({ title: 'Chart', note: 'note', rows, panels, ...options });
}

/** The widths of the bars of a kind, from the first panel to the last one. */
function bars(svg: string, kind: string): number[] {
  return [...svg.matchAll(new RegExp(`<rect class="${kind}" [^>]*width="([\\d.]+)" height="14"`, 'g'))].map(
    ([, width]) => Number(width),
  );
}

describe('barChart', () => {
  it('draws bars in proportion, each panel with its own scale', () => {
    const [first, second] = bars(draw(), 'peer');
    const [half, alsoHalf] = bars(draw(), 'breakwater');
    expect(second).toBe(first);
    expect(half).toBeCloseTo(first! / 2, 0);
    expect(alsoHalf).toBeCloseTo(first! / 2, 0);
  });

  it('draws all panels with the same scale when asked', () => {
    const [first, second] = bars(draw({ sharedScale: true }), 'peer');
    expect(second).toBeCloseTo(first! / 5, 0);
  });

  it('draws the lowest and the highest value of a bar within the panel', () => {
    const range = () => [80, 125];
    const panel = { title: '', format: String, value: (row: Row) => row.values[0], range };
    const svg = draw({ panels: [panel] });
    const [track] = bars(svg, 'track');
    expect(bars(svg, 'peer')[0]).toBeCloseTo((track! * 100) / 125, 0);
    expect(svg).toContain('class="range"');
  });

  it('writes a dash where there is no value', () => {
    const svg = draw({ rows: [{ title: 'Nothing', role: 'peer', values: [NaN, 1] }] });
    expect(svg).toMatch(/>-<\/text>/);
    expect(svg).not.toContain('NaN');
  });

  it('escapes titles', () => {
    expect(draw()).toContain('>A &amp; &lt;B></text>');
  });

  it('has a background of its own and colours for dark pages', () => {
    expect(draw()).toContain('class="page"');
    expect(draw()).toContain('prefers-color-scheme: dark');
  });

  it('names the kinds of contenders that it shows', () => {
    expect(draw()).toContain('>from npm</text>');
    expect(draw()).not.toContain('>other servers</text>');
  });
});
