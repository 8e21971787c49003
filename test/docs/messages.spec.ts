import { expect, it } from 'vitest';
import { loadConfigFile } from '../../src/modules/config/load-config-file.js';
import { formatProblems } from '../../src/modules/config/problem.js';
import { temporaryFile } from '../support/process.js';
import { snippets } from './snippets.js';

it('the messages in the README are those of its first configuration, misspelt', async () => {
  const [first = { text: '' }] = snippets('yaml').filter(({ place }) => place.startsWith('README.md'));
  const [shown = { text: '' }] = snippets('text').filter(({ place }) => place.startsWith('README.md'));
  const misspelt = first.text
    .replace('health: { path: /health }', 'timeout: 3000')
    .replace('upstream: users', 'upstream: user');
  const result = loadConfigFile(await temporaryFile('gateway.yaml', misspelt), {});
  expect(formatProblems('gateway.yaml', result.ok ? [] : result.problems)).toBe(shown.text.trimEnd());
});
