import { Controller, Get, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { temporaryFile } from '../support/process.js';

@Controller('code')
class CodeController {
  @Get()
  list() {
    return [];
  }
}

@Module({ controllers: [CodeController] })
class CodeModule {}

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

  it('lists the handlers of a running gateway as well', async () => {
    const gw = await gateway(YAML).withModule(CodeModule).start();
    const { port } = new URL(gw.gateway.managementUrl);
    const file = await temporaryFile('gateway.yaml', `management: { port: ${port} }\n${YAML}`);
    const { stdout } = await cli(['routes', '--running', '-c', file]);
    const rows = stdout.split('\n').map((row) => row.split(/ {2,}/));
    expect(rows.slice(0, 2)).toEqual([
      ['PublicHealthController.whole', 'GET', '/health', '(code)'],
      ['PublicHealthController.live', 'GET', '/health/live', '(code)'],
    ]);
    expect(rows.slice(-3)).toEqual([
      ['CodeController.list', 'GET', '/code', '(code)'],
      ['users', 'GET', 'a.example/users/**', 'users'],
      ['rest', 'any', '/**', 'users,all'],
    ]);
  });

  it('explains a request with its headers', async () => {
    const file = await temporaryFile('gateway.yaml', YAML);
    const routeOf = async (...args: string[]) =>
      (await cli(['routes', '-c', file, ...args])).stdout.split('\n')[0];
    expect(await routeOf('--explain', 'get /users/1', '-H', 'Host: a.example')).toBe(
      'route     users matches it with /users/**.',
    );
    expect(await routeOf('--explain', '/users/1')).toBe('route     rest matches it with /**.');
  });

  it('explains a request to a handler of a running gateway', async () => {
    const gw = await gateway(YAML).withModule(CodeModule).start();
    const { port } = new URL(gw.gateway.managementUrl);
    const file = await temporaryFile('gateway.yaml', `management: { port: ${port} }\n${YAML}`);
    const explained = async (...args: string[]) =>
      (await cli(['routes', '--running', '-c', file, '--explain', ...args])).stdout.split('\n')[0];
    expect(await explained('get /code')).toBe('handler  CodeController.list takes it with GET /code.');
    expect(await explained('/users/1', '-H', 'Host: a.example')).toBe(
      'route     users matches it with /users/**.',
    );
  });

  it.each([
    [['--explain', '/users/1', '-H', 'NoColon'], 'Found "NoColon", expected a header such as'],
    [['--running'], 'management.port is 0, so the port of the running gateway is not known.'],
  ])('reports what it cannot use: %j', async (args, message) => {
    const file = await temporaryFile('gateway.yaml', `management: { port: 0 }\n${YAML}`);
    const { code, stderr } = await cli(['routes', '-c', file, ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  it('reports that no gateway is running', async () => {
    const url = await closedPort();
    const file = await temporaryFile('gateway.yaml', `management: { port: ${new URL(url).port} }\n${YAML}`);
    const { code, stderr } = await cli(['routes', '--running', '-c', file, '--explain', '/code']);
    expect([code, stderr.trim()]).toEqual([1, `${url}/admin/explain?method=GET&path=%2Fcode: ECONNREFUSED`]);
  });

  it('rejects an argument that is not a request', async () => {
    const file = await temporaryFile('gateway.yaml', YAML);
    const { code, stderr } = await cli(['routes', '-c', file, '--explain', 'GET / HTTP/1.1']);
    expect([code, stderr.trim()]).toEqual([
      1,
      `Found "GET / HTTP/1.1", expected a request such as 'GET /users/1'.`,
    ]);
  });
});
