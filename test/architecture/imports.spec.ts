import { describe, expect, it } from 'vitest';
import { importsOf, type SourceFile, sourceFiles } from './source-files.js';

/** A folder imports folders of lower layers, and itself. Telemetry is above what it observes. */
const LAYERS: readonly (readonly string[])[] = [
  ['src/common'],
  ['src/modules/config'],
  ['src/modules/plugins'],
  ['src/modules/routing', 'src/modules/upstream', 'src/modules/server', 'src/modules/redis'],
  [
    'src/modules/auth',
    'src/modules/rate-limit',
    'src/modules/cache',
    'src/modules/replicas',
    'src/modules/simulation',
  ],
  ['src/modules/websocket', 'src/modules/proxy', 'src/modules/health', 'src/modules/state'],
  ['src/modules/tracing'],
  ['src/modules/metrics', 'src/modules/access-log', 'src/modules/timeline'],
  ['src/modules/admin', 'src/modules/examples'],
];

/** The one import between folders of a layer: the proxy hands the connection of an upgraded request over. */
const PROXY_TO_WEBSOCKET = ['src/modules/proxy', 'src/modules/websocket'];

/** What `common` may use beside node: small and pure. */
const PURE_PACKAGES: ReadonlySet<string> = new Set();

const files = sourceFiles();

function folderOf(path: string): string | undefined {
  return LAYERS.flat().find((folder) => path.startsWith(`${folder}/`));
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** @returns what is wrong with each import, in words */
function violations({ path, imports }: Pick<SourceFile, 'path' | 'imports'>): string[] {
  const from = folderOf(path);
  // src/*.ts wires the whole.
  if (from === undefined) return [];
  return imports.flatMap((imported) => {
    if (!imported.startsWith('src/')) {
      const impure = from === 'src/common' && !imported.startsWith('node:') && !PURE_PACKAGES.has(imported);
      return impure ? [`${path} imports ${imported}: common is pure`] : [];
    }
    const to = folderOf(imported);
    if (to === from) return [];
    if (from === PROXY_TO_WEBSOCKET[0] && to === PROXY_TO_WEBSOCKET[1]) return [];
    if (to === undefined) return [`${path} imports ${imported}: only src/*.ts may`];
    return layerOf(to) < layerOf(from) ? [] : [`${path} imports ${imported}: not a lower layer`];
  });
}

function cycleFrom(start: string, graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  const done = new Set<string>();
  return visit(start, []);
}

describe('imports', () => {
  it('go to lower layers only', () => {
    expect(files.flatMap(violations)).toEqual([]);
  });

  it('form no cycle', () => {
    const graph = new Map(
      files.map(({ path, imports }) => [path, imports.filter((each) => each.startsWith('src/'))]),
    );
    expect(files.map(({ path }) => cycleFrom(path, graph)?.join(' > ')).filter(Boolean)).toEqual([]);
  });

  it('know every folder', () => {
    const unknown = files.filter(({ path }) => path.startsWith('src/modules/') && !folderOf(path));
    expect(unknown.map(({ path }) => path)).toEqual([]);
  });

  it('end in .js and name files that exist', () => {
    const known = new Set(files.map(({ path }) => path));
    const dangling = files.flatMap(({ path, imports }) =>
      imports.filter((each) => each.startsWith('src/') && !known.has(each)).map((each) => `${path}: ${each}`),
    );
    expect(dangling).toEqual([]);
  });
});

describe('the check itself', () => {
  const check = (path: string, text: string) => violations({ path, imports: importsOf(path, text) });

  it('sees a forbidden import in every form', () => {
    const path = 'src/modules/routing/a.ts';
    expect(check(path, "import { x } from '../upstream/x.js';")).toHaveLength(1);
    expect(check(path, "import type {\n  x,\n} from '../upstream/x.js';")).toHaveLength(1);
    expect(check(path, "export * from '../upstream/x.js';")).toHaveLength(1);
    expect(check(path, "import '../upstream/x.js';")).toHaveLength(1);
    expect(check(path, "await import('../upstream/x.js')")).toHaveLength(1);
    expect(check('src/common/a.ts', "import { z } from 'zod';")).toHaveLength(1);
    expect(check('src/modules/auth/a.ts', "import { x } from '../cache/x.js';")).toHaveLength(1);
    expect(check('src/modules/auth/a.ts', "import { x } from '../../gateway.js';")).toHaveLength(1);
    expect(check('src/modules/proxy/a.ts', "import { x } from '../metrics/x.js';")).toHaveLength(1);
    expect(check('src/modules/websocket/a.ts', "import { x } from '../proxy/x.js';")).toHaveLength(1);
    expect(check('src/modules/proxy/a.ts', "import { x } from '../websocket/x.js';")).toEqual([]);
  });

  it('sees a cycle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(cycleFrom('a', graph)).toEqual(['b', 'c', 'b']);
  });
});
