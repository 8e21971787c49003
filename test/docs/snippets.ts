import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Snippet {
  /** `README.md:42` */
  readonly place: string;
  readonly text: string;
}

/** Fenced blocks of a language in README.md and docs. */
export function snippets(language: string): Snippet[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })].flatMap((file) => {
    const text = readFileSync(`${ROOT}${file}`, 'utf8');
    return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
      .filter(([, fenced]) => fenced === language)
      .map(({ index, 2: body = '' }) => ({
        place: `${file}:${text.slice(0, index).split('\n').length}`,
        text: body,
      }));
  });
}
