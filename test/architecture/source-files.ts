import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/g;

export interface SourceFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly lines: number;
  /** Project files by path, packages by name. */
  readonly imports: readonly string[];
}

/** Every production file under src. */
export function sourceFiles(): SourceFile[] {
  return globSync('src/**/*.{ts,js}', { cwd: ROOT })
    .filter((path) => !path.endsWith('.spec.ts'))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, lines: text.split('\n').length - 1, imports: importsOf(path, text) };
    });
}

export function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, from, bare, dynamic]) =>
    resolveImport(path, from ?? bare ?? dynamic ?? ''),
  );
}

function resolveImport(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const written = relative(ROOT, join(ROOT, dirname(path), specifier));
  // The dashboard has modules that are not compiled, and types of them.
  const names = ['.ts', '.js', '.d.ts'].map((extension) => written.replace(/\.js$/, extension));
  return names.find((name) => existsSync(join(ROOT, name))) ?? names[0] ?? written;
}
