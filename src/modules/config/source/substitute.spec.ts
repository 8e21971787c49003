import { describe, expect, it } from 'vitest';
import { substitute } from './substitute.js';

const CONTENT: Readonly<Record<string, string>> = {
  '/run/secrets/jwt': 'from a file\n',
  '/etc/breakwater/local': 'two\n\n',
  '/crlf': 'windows\r\n',
};

function put(written: string) {
  const readFile = (path: string) => {
    const content = CONTENT[path];
    if (content === undefined) throw Object.assign(new Error('boom'), { code: 'ENOENT' });
    return content;
  };
  const env = { HOST: 'users', EMPTY: '', TRICKY: '${HOST} $& $1' };
  return substitute(written, { file: '/etc/breakwater/gateway.yaml', env, readFile });
}

describe('substitute', () => {
  it.each([
    ['${HOST}', 'users'],
    ['http://${HOST}:3001/${HOST}', 'http://users:3001/users'],
    ['${HOST:-other}', 'users'],
    ['${MISSING:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY}', ''],
    ['${MISSING:-}', ''],
    ['${MISSING:-http://a:1/?b=c}', 'http://a:1/?b=c'],
    ['${file:/run/secrets/jwt}', 'from a file'],
    ['${file:local}', 'two\n'],
    ['${file:/crlf}', 'windows'],
    ['$${HOST}', '${HOST}'],
    ['$$${HOST}', '$${HOST}'],
    ['${TRICKY}', '${HOST} $& $1'],
  ])('turns %j into %j', (written, text) => {
    expect(put(written)).toEqual({ text, failures: [] });
  });

  it.each(['plain', '$HOST', '{HOST}', '$ {HOST}', ''])('does not change %j', (written) => {
    expect(put(written)).toBeUndefined();
  });

  it('names every variable that is missing', () => {
    const failures = put('${ONE}-${HOST}-${TWO}')?.failures;
    expect(failures).toEqual([
      'environment variable ONE is not set; set it, or write a default as in ${ONE:-default}',
      'environment variable TWO is not set; set it, or write a default as in ${TWO:-default}',
    ]);
  });

  it('does not accept names that objects inherit', () => {
    expect(put('${constructor}')?.failures).toHaveLength(1);
  });

  it('reports which file could not be read and why', () => {
    expect(put('${file:/nowhere}')?.failures).toEqual(['cannot read /nowhere: no such file']);
  });

  it.each([
    '${}',
    '${1X}',
    '${HOST',
    '${HOST-x}',
    '${ HOST }',
    '${file:}',
    '${HOST:?oops}',
    '${A:-${B}}',
    '${A:-x${B:-y}z}',
    '${A:-${file:x}}',
    '${A:-{}}',
    '${HOST:-${B}}',
    '${A:-$${B}}',
    '${${B}}',
    '${file:${B}}',
    '${file:/run/{x}}',
    '${A:-${B}',
  ])('refuses %j and shows how to write it', (written) => {
    expect(put(written)?.failures).toEqual([expect.stringContaining('expected ${NAME}, ${NAME:-default}')]);
  });

  it('reports a reference inside another', () => {
    expect(put('a ${SECRET:-${file:/run/secrets/jwt}} b')?.failures).toEqual([
      expect.stringMatching(/^found "\$\{SECRET:-\$\{file:\/run\/secrets\/jwt\}\}", .*no \{ .*inside/),
    ]);
  });

  it('continues after a refused reference', () => {
    expect(put('${A:-${B}}${MISSING}')?.failures).toHaveLength(2);
  });
});
