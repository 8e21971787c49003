import { expect, it } from 'vitest';
import { parseConfig } from '../../src/modules/config/parse-config.js';
import { formatProblems } from '../../src/modules/config/problem.js';
import { snippets } from './snippets.js';

it('the messages in the README are those of its first configuration, misspelt', () => {
  const [first = { text: '' }] = snippets('yaml').filter(({ place }) => place.startsWith('README.md'));
  const [shown = { text: '' }] = snippets('text').filter(({ place }) => place.startsWith('README.md'));
  const misspelt = first.text
    .replace('health: { path: /health }', 'timout: 2s')
    .replace('upstream: users', 'upstream: user');
  const result = parseConfig(misspelt, { file: 'gateway.yaml', env: {}, readFile: () => '' });
  const told = formatProblems('gateway.yaml', result.ok ? [] : result.problems).split('\n');
  // Long lists of keys are cut short in the README.
  const expected = shown.text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/…$/, ''));
  expect(told).toEqual(expected.map((beginning) => expect.stringContaining(beginning)));
});
