import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';

describe('breakwater init', { timeout: 60_000 }, () => {
  it('writes a valid configuration, and does not overwrite a file', async () => {
    const file = join(dirname(await temporaryFile('other', '')), 'gateway.yaml');
    expect(await cli(['init', '-o', file])).toEqual({
      code: 0,
      stdout: `Wrote ${file}. Next: breakwater check -c ${file}`,
      stderr: '',
    });
    expect(await cli(['check', '-c', file])).toMatchObject({ code: 0, stderr: '' });
    const before = await readFile(file, 'utf8');
    const again = await cli(['init', '-o', file]);
    expect([again.code, again.stderr.trim()]).toEqual([
      1,
      `${file} exists, and is not replaced. Name another file with -o.`,
    ]);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('writes a route for each path of an OpenAPI document', async () => {
    const api =
      'openapi: 3.0.3\ninfo: { title: Users }\npaths: { "/users/{id}": { get: { responses: {} } } }\n';
    const openapi = await temporaryFile('openapi.yaml', api);
    const file = join(dirname(openapi), 'gateway.yaml');
    expect(await cli(['init', '-o', file, '--openapi', openapi])).toMatchObject({ code: 0 });
    expect(await cli(['routes', '-c', file], { API_URL: 'http://api:1' })).toMatchObject({
      stdout: 'users-id  GET  /users/{id}  users',
    });
  });

  it('names the file that it cannot read as an OpenAPI document', async () => {
    const openapi = await temporaryFile('openapi.yaml', 'hello');
    const { code, stderr } = await cli(['init', '-o', `${openapi}.out`, '--openapi', openapi]);
    expect([code, stderr.trim()]).toEqual([1, `${openapi}: It is not an OpenAPI 3 document.`]);
  });

  it('names the file that it cannot write', async () => {
    const openapi = await temporaryFile(
      'openapi.yaml',
      'openapi: 3.0.3\npaths: { /users: { get: { responses: {} } } }\n',
    );
    const file = join(dirname(openapi), 'missing', 'gateway.yaml');
    const { code, stderr } = await cli(['init', '-o', file, '--openapi', openapi]);
    expect([code, stderr.trim()]).toEqual([1, `${file}: ENOENT: no such file or directory, open '${file}'`]);
  });
});
