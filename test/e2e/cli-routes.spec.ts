import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';

const YAML = `
upstreams: { users: { url: http://localhost:3001 }, all: { url: http://localhost:3002 } }
routes:
  - { id: users, match: { path: /users/**, methods: [GET], hosts: [a.example] }, upstream: users }
  - { id: rest, match: { path: /** }, split: [{ upstream: users, weight: 1 }, { upstream: all, weight: 1 }] }
`;

describe('breakwater routes', { timeout: 60_000 }, () => {
  it('lists the routes', async () => {
    const file = await temporaryFile('gateway.yaml', YAML);
    expect(await cli(['routes', '-c', file])).toMatchObject({
      code: 0,
      stdout: 'users  GET  a.example/users/**  users\nrest   any  /**                 users,all',
    });
  });

  it('explains a request with its headers', async () => {
    const file = await temporaryFile('gateway.yaml', YAML);
    const routeOf = async (...args: string[]) =>
      (await cli(['routes', '-c', file, ...args])).stdout.split('\n')[0];
    expect(await routeOf('--explain', 'get /users/1', '-H', 'Host: a.example')).toBe(
      'route     users takes it by /users/**.',
    );
    expect(await routeOf('--explain', '/users/1')).toBe('route     rest takes it by /**.');
  });

  it('refuses what is no request', async () => {
    const file = await temporaryFile('gateway.yaml', YAML);
    const { code, stderr } = await cli(['routes', '-c', file, '--explain', 'GET / HTTP/1.1']);
    expect([code, stderr.trim()]).toEqual([
      1,
      `Found "GET / HTTP/1.1", expected a request such as 'GET /users/1'.`,
    ]);
  });
});
