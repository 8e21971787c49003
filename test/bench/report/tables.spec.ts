import { describe, expect, it } from 'vitest';

interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

// A script, without types.
const { asMarkdown, asText, bodiesTable, latencyTable } = (await import(
  new URL('tables.mjs', import.meta.url).href
)) as {
  asText: (table: Table) => string;
  asMarkdown: (table: Table) => string;
  bodiesTable: (rows: readonly object[]) => Table;
  latencyTable: (latency: object) => Table;
};

const table = {
  header: ['', 'req/s'],
  rows: [
    ['bare', '12,000'],
    ['nginx', '9'],
  ],
};

describe('a table', () => {
  it('is aligned for a terminal', () => {
    expect(asText(table)).toBe(['        req/s', 'bare   12,000', 'nginx       9'].join('\n'));
  });

  it('is Markdown for the page', () => {
    expect(asMarkdown(table)).toBe(
      ['|  | req/s |', '| --- | --: |', '| bare | 12,000 |', '| nginx | 9 |'].join('\n'),
    );
  });
});

it('shows what the upstream took above what the contenders added', () => {
  const row = { p50Ms: 1, p99Ms: 2, p999Ms: 3, failed: 0 };
  const added = { addedP50Ms: 0.5, addedP99Ms: 1.25, addedP999Ms: -0.01 };
  const { rows } = latencyTable({ direct: row, rows: [{ ...row, ...added, title: 'bare' }] });
  expect(rows).toEqual([
    ['the upstream itself', '-', '-', '-', '1.00', '2.00', '3.00', '0'],
    ['bare', '0.50', '1.25', '-0.01', '1.00', '2.00', '3.00', '0'],
  ]);
});

it('shows small rates with a digit after the point', () => {
  const size = (median: number, bytes: number) => ({
    bytes,
    perSecond: { median },
    bytesPerSecond: { median: median * bytes },
  });
  const { header, rows } = bodiesTable([
    { title: 'bare', failed: 1, sizes: [size(2048, 1024), size(9.5, 10 * 2 ** 20)] },
  ]);
  expect(header).toEqual(['', '1 KiB: req/s', 'MiB/s', '10 MiB: req/s', 'MiB/s', 'failed']);
  expect(rows).toEqual([['bare', '2,048', '2', '9.5', '95', '1']]);
});
