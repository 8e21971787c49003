import { describe, expect, it } from 'vitest';
import { formatProblems } from '../problem.js';
import { ConfigValue } from './config-value.js';
import { readYaml } from './read-yaml.js';

function read(text: string) {
  const env = { PORT: '8080', SECRET: 'hunter2' };
  return readYaml(text, { file: '/gateway.yaml', env, readFile: () => '' });
}

function plain(text: string): unknown {
  const { root, problems } = read(text);
  expect(problems).toEqual([]);
  return root!.value;
}

function problems(text: string): string[] {
  return formatProblems('f', read(text).problems).split('\n');
}

describe('readYaml', () => {
  it('reads YAML 1.2 and JSON alike', () => {
    const expected = { a: 1, b: [true, null, 'no', '1'], c: { d: '8080' } };
    expect(plain('a: 1\nb: [true, ~, no, "1"]\nc:\n  d: ${PORT}\n')).toEqual(expected);
    expect(plain('{"a": 1, "b": [true, null, "no", "1"], "c": {"d": "${PORT}"}}')).toEqual(expected);
  });

  it('uses the 1.2 core schema even if the file asks for 1.1', () => {
    expect(plain('%YAML 1.1\n---\na: no\n')).toEqual({ a: 'no' });
  });

  it('gives mappings no prototype', () => {
    expect(Object.getPrototypeOf(plain('constructor: 1'))).toBeNull();
  });

  it('follows aliases', () => {
    expect(plain('a: &shared { b: 1 }\nc: *shared\n')).toEqual({ a: { b: 1 }, c: { b: 1 } });
  });

  it('locates keys and values', () => {
    const config = new ConfigValue(read('a:\n  b: 3\n  list:\n    - x\n    - y: 1\n  empty:\n').root!);
    const place = (...path: (string | number)[]) => {
      const { line, column } = config.at(...path).problem('');
      return [line, column];
    };
    expect(place('a', 'b')).toEqual([2, 6]);
    expect(place('a', 'list', 0)).toEqual([4, 7]);
    expect(place('a', 'list', 1, 'y')).toEqual([5, 10]);
    expect(place('a', 'empty')).toEqual([6, 3]);
    expect(place('a', 'missing')).toEqual([1, 1]);
    expect(config.at('a', 'list', 1, 'y').problemWithKey('')).toMatchObject({ line: 5, column: 7 });
  });

  it.each([
    ['a: 1\n---\nb: 2', /^f:2:1 found a second YAML document/],
    ['', /^f:1:1 the file is empty/],
    ['# nothing\n', /^f:1:1 the file is empty/],
    ['- a', /^f:1:1 found a list, expected a mapping/],
    ['hello', /^f:1:1 found a single value, expected a mapping/],
    ['a: 1\nb: 2\na: 3', /^f:3:1 a: duplicate key, first written on line 1/],
    ['a: 1\n"a": 3', /^f:2:1 a: duplicate key/],
    ['x:\n  __proto__: { a: 1 }', /^f:2:3 x\.__proto__: unknown key/],
    ['x: &x { a: 1 }\ny:\n  <<: *x', /^f:3:3 y\["<<"\]: .*merge keys/],
    ['%YAML 1.1\n---\nx: &x { a: 1 }\ny:\n  <<: *x', /^f:5:3 y\["<<"\]: .*merge keys/],
    ['a: *b', /^f:1:4 a: found the alias \*b, but there is no anchor/],
    ['a: &a { b: *a }', /^f:1:12 a\.b\.b: found the alias \*a inside/],
    ['? [a]\n: 1', /^f:1:3 found a mapping, a list or an alias as a key/],
    ['a: "${MISSING}"', /^f:1:4 a: environment variable MISSING is not set/],
    ['a:\n  b: "${X:-${file:y}}"', /^f:2:6 a\.b: found "\$\{X:-\$\{file:y\}\}", expected .*no \{ inside/],
  ])('reports %j', (text, problem) => {
    expect(problems(text)).toEqual([expect.stringMatching(problem)]);
  });

  it('reports an alias bomb', () => {
    const levels = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 10; level++) {
      levels.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    expect(problems(levels.join('\n'))).toEqual([expect.stringContaining('aliases repeat more than 10000')]);
  });

  it('reports nesting that is too deep', () => {
    const tooDeep = expect.stringContaining('nested deeper than 64 levels');
    expect(problems('a: ' + '['.repeat(100_000))).toEqual([tooDeep]);
    expect(problems('a: ' + ']'.repeat(100) + '{b: '.repeat(3_000))).toEqual([tooDeep]);
    expect(problems(`a: 1 # ${'['.repeat(100)}\nb: "${'['.repeat(100)}"\n`)).toEqual(['']);
    expect(problems('- '.repeat(100_000))).toEqual([expect.stringContaining('nested too deeply')]);
    const deep = `a: ${'['.repeat(100)}${']'.repeat(100)}`;
    expect(problems(deep)).toEqual([expect.stringContaining('nested deeper than 64 levels')]);
  });

  it('does not quote the line of a syntax error, which can contain a secret', () => {
    expect(problems('secret: "hunter2\nother: x').join('\n')).not.toContain('hunter2');
    expect(problems('secret: "a" hunter2').join('\n')).not.toContain('hunter2');
    expect(problems('a: 1\n]\nhunter2').join('\n')).not.toContain('hunter2');
    expect(problems('secret: |hunter2\n  x').join('\n')).not.toContain('hunter2');
    expect(problems('secret: !hunter2 x').join('\n')).not.toContain('hunter2');
    expect(problems('secret: "\\hunter2"').join('\n')).not.toContain('hunter2');
  });
});
