import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

describe('pipelined requests', () => {
  it('are processed one after the other', async () => {
    let open = 0;
    const most: number[] = [];
    const users = recording((req, res) => {
      most.push(++open);
      setImmediate(() => {
        open--;
        res.end(req.url);
      });
    });
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    // More than wait before the connection is paused.
    const paths = Array.from({ length: 100 }, (_, i) => `/${i}`);
    const requests = paths.map((path) => `${requestHead(`POST ${path}`, 'Content-Length: 5')}hello`).join('');
    const answer = await raw(gw.url, requests + requestHead('GET /last', 'Connection: close'));
    expect(answersIn(answer).map(({ body }) => body)).toEqual([...paths, '/last']);
    expect(Math.max(...most)).toBe(1);
  });

  it('are answered when garbage arrives before their responses', async () => {
    const answers: (() => void)[] = [];
    const gw = await gateway(ONE_ROUTE)
      .withUpstream('users', (req, res) => void answers.push(() => res.end(req.url)))
      .start();
    const client = await RawConnection.to(gw.url);
    client.send(
      requestHead('POST /1', 'Content-Length: 5') + 'hello' + requestHead('GET /2') + 'garbage\r\n\r\n',
    );
    await until('the first request is with the upstream', () => answers.length === 1);
    expect(client.received).toBe('');
    answers[0]?.();
    await until('the second request is with the upstream', () => answers.length === 2);
    answers[1]?.();
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ body: '/1' }, { body: '/2' }, { status: 400 }]);
  });
});
