import { parseConfig } from '../../src/modules/config/parse-config.js';

/** @returns the warnings of `breakwater check`, each as `path: message`; throws for an invalid file */
export function warningsOf(text: string): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  if (!result.ok) throw new TypeError(JSON.stringify(result.problems));
  return result.warnings.map(({ path, message }) => `${path}: ${message}`);
}
