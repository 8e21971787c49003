import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import axios from 'axios';
import { createServer } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import { gateway, listen } from '../support/gateway.js';

@Controller('broken')
class BrokenController {
  @Get()
  broken(): never {
    throw new RangeError('a fault of the code');
  }

  /** Calls a service that is no upstream of the gateway. */
  @Get(':port')
  async call(@Param('port') port: string): Promise<unknown> {
    const headers = { Authorization: 'Bearer SECRET', 'X-Api-Key': 'SECRET' };
    return axios.post(`http://127.0.0.1:${port}/?token=SECRET`, { password: 'SECRET' }, { headers });
  }
}

@Module({ controllers: [BrokenController] })
class BrokenModule {}

async function start() {
  const gw = await gateway('{}').withModule(BrokenModule).start();
  const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());
  return { gw, log };
}

it('the fault behind an internal error is logged with the id of the request', async () => {
  const { gw, log } = await start();
  const response = await gw.fetch('/broken');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('fault of the code');
  const message = 'a fault of the code';
  const err = { type: 'RangeError', message, stack: expect.stringContaining('broken') as string };
  expect(log.mock.calls).toMatchObject([[{ message, requestId: response.headers.get('x-request-id'), err }]]);
});

it('the error of an HTTP client is logged without what was sent and received', async () => {
  const { gw, log } = await start();
  const service = createServer((_req, res) => void res.writeHead(404).end('{"ssn":"SECRET"}'));
  const { port } = new URL(await listen(service));
  expect((await gw.fetch(`/broken/${port}`)).status).toBe(500);
  const err = { type: 'AxiosError', code: 'ERR_BAD_REQUEST', status: 404 };
  expect(log.mock.calls).toMatchObject([[{ message: 'Request failed with status code 404', err }]]);
  expect(JSON.stringify(log.mock.calls)).not.toContain('SECRET');
});
