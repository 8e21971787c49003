import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';
import { formatProblems } from '../problem.js';

function problems(upstream: string, env: Record<string, string> = {}): string[] {
  const text = `upstreams:\n  users: ${upstream}\n`;
  const result = parseConfig(text, { file: 'f', env, readFile: () => '' });
  return result.ok ? [] : formatProblems('f', result.problems).split('\n');
}

it('an upstream says where it is, once', () => {
  expect(problems('{ url: http://a }')).toEqual([]);
  expect(problems('{ targets: [{ url: http://a }, { url: http://b, weight: 3 }] }')).toEqual([]);
  expect(problems('{}')).toEqual([
    'f:2:3 upstreams.users.url: missing, expected an http or https URL, or `targets`',
  ]);
  expect(problems('{ url: http://a, targets: [{ url: http://b }] }')).toEqual([
    'f:2:27 upstreams.users.targets: found `targets` beside `url`, expected one of them',
  ]);
});

it('is not blamed for a variable that is missing', () => {
  expect(problems('{ url: "${USERS_URL}" }')).toEqual([expect.stringContaining('USERS_URL')]);
});

it('lists each target once, however it is written', () => {
  const targets = (...urls: string[]) =>
    `{ targets: [${urls.map((url) => `{ url: "${url}" }`).join(', ')}] }`;
  expect(problems(targets('http://a', 'http://b/', 'http://HTTP', 'http://a:81', 'http://a/v1'))).toEqual([]);
  expect(problems(targets('http://a:80/v1', 'http://b', 'http://A/v1/'))).toEqual([
    'f:2:77 upstreams.users.targets[2].url: found "http://A/v1/", expected another target: targets[0] is this one; `weight` gives it a larger share',
  ]);
});
