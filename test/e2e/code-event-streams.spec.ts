import { Controller, type MessageEvent, Module, Res, Get, Sse } from '@nestjs/common';
import type { Response } from 'express';
import { Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { ExchangeMiddleware } from '../../src/modules/routing/exchange.middleware.js';
import { gateway } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

let listeners = 0;

@Controller('code')
class StreamingController {
  @Sse('events')
  events(): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      listeners++;
      subscriber.next({ data: 'hello' });
      return () => listeners--;
    });
  }

  @Get('text')
  text(@Res() res: Response): void {
    res.type('text/plain').write('hello');
  }
}

@Module({ controllers: [StreamingController] })
class StreamingModule {}

const YAML = `
upstreams: { users: { url: "http://127.0.0.1:1" } }
routes: [{ id: users, match: { path: /users }, upstream: users }]
`;

async function open(path: string) {
  const gw = await gateway(YAML).withModule(StreamingModule).start();
  const client = await RawConnection.to(gw.url);
  client.send(requestHead(`GET ${path}`));
  await client.until('hello');
  return { gw, client };
}

it('completes an event stream of a controller at the end of a drain', async () => {
  const { gw, client } = await open('/code/events');
  const outcomes: unknown[] = [];
  gw.gateway.app.get(ExchangeMiddleware).finished.on(({ outcome }) => outcomes.push(outcome));
  expect(listeners).toBe(1);
  await gw.gateway.shutdown({ delay: 0, drain: 0 });
  expect(await client.ended()).toBe('closed');
  expect(answersIn(client.received)).toMatchObject([
    { status: 200, body: expect.stringContaining('data: hello\n\n') },
  ]);
  expect(client.received.endsWith('\r\n0\r\n\r\n')).toBe(true);
  expect(outcomes).toEqual(['success']);
  await until('the controller knows', () => listeners === 0);
});

it('cuts any other stream of a controller at the end of a drain', async () => {
  const { gw, client } = await open('/code/text');
  await gw.gateway.shutdown({ delay: 0, drain: 0 });
  await client.ended();
  expect(client.received).not.toContain('\r\n0\r\n\r\n');
});
