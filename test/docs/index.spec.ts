import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PROBLEMS } from '../../src/common/errors/codes.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pages = globSync('docs/*.md', { cwd: ROOT }).filter((path) => path !== 'docs/README.md');

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  const text = heading.toLowerCase().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
}

function anchorsOf(path: string): string[] {
  // `#` begins a comment in a fenced block.
  const prose = read(path).replaceAll(/^```.*?^```$/gms, '');
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading));
}

describe('the index of the documentation', () => {
  it('lists every page', () => {
    const index = read('docs/README.md');
    expect(pages.filter((path) => !index.includes(`(${path.replace('docs/', '')})`))).toEqual([]);
  });

  it('is linked by the README', () => {
    expect(read('README.md')).toContain('(docs/README.md)');
  });
});

it.each(['README.md', 'docs/README.md', ...pages, ...globSync('examples/**/README.md', { cwd: ROOT })])(
  'links of %s lead somewhere',
  (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|urn:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const broken = links.filter(([, path = '', name]) => {
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, target))) return true;
      return name !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(name);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  },
);

describe('docs/troubleshoot.md', () => {
  const text = read('docs/troubleshoot.md');

  it('has every error code', () => {
    expect(Object.keys(PROBLEMS).filter((code) => !text.includes(`(errors.md#${code})`))).toEqual([]);
  });

  it('has every alert', () => {
    const { groups } = parse(read('helm/breakwater/files/alerts.yaml')) as {
      groups: { rules: { alert?: string }[] }[];
    };
    const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
    expect(alerts.length).toBeGreaterThan(0);
    expect(alerts.filter((alert) => !text.includes(`| \`${alert}\``))).toEqual([]);
  });
});
