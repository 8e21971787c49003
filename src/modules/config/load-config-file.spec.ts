import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfigFile } from './load-config-file.js';
import { formatProblems } from './problem.js';

describe('loadConfigFile', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'breakwater-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads a file, and the files that it names, relative to its folder', () => {
    writeFileSync(join(folder, 'host'), 'users\n');
    writeFileSync(
      join(folder, 'gateway.yaml'),
      'upstreams: { users: { url: "http://${file:host}:${PORT}" } }',
    );
    const result = loadConfigFile(join(folder, 'gateway.yaml'), { PORT: '3001' });
    expect(result.ok && result.config.upstreams['users']?.targets[0]?.url).toBe('http://users:3001');
  });

  it('adds the lines of problems and warnings, without secrets', () => {
    const file = join(folder, 'problems.yaml');
    writeFileSync(file, 'upstreams:\n  users:\n    url: users\nmanagement: { prot: 1, token: hunter2 }\n');
    const failed = loadConfigFile(file, {});
    expect(failed.ok ? '' : formatProblems('gateway.yaml', failed.problems).split('\n')).toEqual([
      expect.stringMatching(
        /^gateway.yaml:3:10 upstreams.users.url: found "users", .*; did you mean `http:\/\/users`\?$/,
      ),
      '        url: users',
      '             ^',
      expect.stringMatching(/^gateway.yaml:4:15 management.prot: unknown key "prot"; did you mean `port`\?/),
      '    management: { prot: 1, token: *** }',
      '                  ^',
    ]);
    writeFileSync(file, 'upstreams: { users: { url: http://users } }\nroutes: []\n');
    const loaded = loadConfigFile(file, {});
    expect(loaded.ok && loaded.warnings[0]?.source).toBe('routes: []\n^');
  });

  it('reads a file with a byte order mark', () => {
    writeFileSync(join(folder, 'bom.yaml'), '\ufeffupstreams: { users: { url: http://users } }');
    expect(loadConfigFile(join(folder, 'bom.yaml'), {}).ok).toBe(true);
  });

  it.each([
    ['missing.yaml', 'cannot read the configuration: no such file'],
    ['.', 'cannot read the configuration: it is a directory, not a file'],
    ['latin1.yaml', 'cannot read the configuration: it is not UTF-8 text'],
    ['latin1.yaml/below', 'cannot read the configuration: what is before the last / of its path is a file'],
    ['loop.yaml', 'cannot read the configuration: its links lead in a circle'],
    ['huge.yaml', 'cannot read the configuration: it is larger than 64 MiB'],
    ['x'.repeat(300), 'cannot read the configuration: its name is too long'],
  ])('reports %s', (name, message) => {
    rmSync(join(folder, 'loop.yaml'), { force: true });
    symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
    // Holes, which take no place.
    writeFileSync(join(folder, 'huge.yaml'), '');
    truncateSync(join(folder, 'huge.yaml'), 3 * 2 ** 30);
    writeFileSync(join(folder, 'latin1.yaml'), Buffer.from('# caf\xe9', 'latin1'));
    expect(loadConfigFile(join(folder, name), {})).toMatchObject({
      ok: false,
      problems: [{ path: '', line: 1, column: 1, message }],
    });
  });
});
