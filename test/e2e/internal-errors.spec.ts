import { Controller, Get, Logger, Module } from '@nestjs/common';
import { expect, it, onTestFinished, vi } from 'vitest';
import { gateway } from '../support/gateway.js';

@Controller('broken')
class BrokenController {
  @Get()
  broken(): never {
    throw new RangeError('a fault of the code');
  }
}

@Module({ controllers: [BrokenController] })
class BrokenModule {}

it('the fault behind an internal error is logged with the id of the request', async () => {
  const gw = await gateway('{}').withModule(BrokenModule).start();
  const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());

  const response = await gw.fetch('/broken');

  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('fault of the code');
  expect(log.mock.calls).toEqual([
    [
      {
        message: 'a fault of the code',
        requestId: response.headers.get('x-request-id'),
        err: expect.any(RangeError),
      },
    ],
  ]);
});
