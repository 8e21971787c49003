import { describe, expect, it } from 'vitest';
import { formatProblems } from '../problem.js';
import { readYaml } from './read-yaml.js';

function problems(text: string): string {
  const { problems } = readYaml(text, { file: 'f', env: {}, readFile: () => '' });
  return formatProblems('f', problems);
}

const NEEDS_QUOTES = 'text with a { in it (${NAME}, /users/{id}) needs quotes';

describe('text that is not YAML', () => {
  it.each([
    ['a:\n\tb: 1', 'f:2:1 found a tab at the start of a line; YAML is indented with spaces'],
    ['a: "b\nc: d\n', 'f:1:4 found text whose closing " is missing'],
    ["a:\n  b: 'c\n", "f:2:6 found text whose closing ' is missing"],
    ['a: { b: [1, 2\nc: d\n', 'f:1:9 found a [ that is never closed'],
    ['a: [1, { b: 2\n', 'f:1:8 found a { that is never closed'],
    ['a: { b: 1 } }', 'f:1:13 found a } that closes nothing'],
    ['a: [1]]', 'f:1:7 found a ] that closes nothing'],
    [
      'a:\n  b: 1\n c: 2',
      'f:3:1 this line starts in another column than the keys or items that it stands among',
    ],
    ['{"a": 1, "b": [2]', 'f:1:1 found a { that is never closed'],
    [
      'a:\n  - b\n - c',
      'f:3:1 found a list item in another column than the others, or among the keys of a mapping',
    ],
    ['a: b: c', 'f:1:4 found a second `key: value` on one line; text with ": " in it needs quotes'],
    [
      'a:\n  b: 1\n  - c',
      'f:3:1 found a list item in another column than the others, or among the keys of a mapping',
    ],
    ['a: { b: 1 c: 2 }', 'f:1:9 found a second `key: value` without a comma before it'],
    ['a:\n  timeout:3s\n  b: 1', 'f:2:3 expected `key: value`, with a blank after the colon'],
    ['a: @b', 'f:1:4 text that starts with @ needs quotes'],
    ['a: `b`', 'f:1:4 text that starts with ` needs quotes'],
    ['a: %b', 'f:1:4 text that starts with % needs quotes'],
    [
      'a: *.example.com',
      'but there is no anchor of that name before it; text that starts with * needs quotes',
    ],
    ['a: !env B', 'f:1:4 found a YAML tag, which is not supported'],
    ['a: !!binary aGk=', 'f:1:4 found a YAML tag, which is not supported'],
    ['a: "\\d+"', 'f:1:5 found an unknown escape sequence; text with a \\ in it needs single quotes'],
    ['a: { b: ${PORT} }', `f:1:10 found a { inside text; between { } or [ ], ${NEEDS_QUOTES}`],
    [
      'a: { b: /v1/{c}, d: e }\nf: g\nh: i',
      `f:1:13 found a { inside text; between { } or [ ], ${NEEDS_QUOTES}`,
    ],
    ['a: "b" c', 'f:1:8 found more text after the end of a value'],
    ['a: {b: 1}#c', 'f:1:10 a comment needs a blank before its #'],
    ['a: |\nb\nc: 1', 'f:2:1 expected a colon and a value after this key'],
    ['a: |b', 'f:1:5 after | or >, the text must begin on the next line'],
    ['{"a": 1,, "b": 2}', 'f:1:9 found a comma with nothing before it'],
  ])('is explained in plain words: %j', (text, problem) => {
    const [first] = problems(text).split('\n');
    expect(first).toContain(problem);
  });
});
