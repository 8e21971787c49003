import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const answersWithUrl = () => recording((req, res) => void res.end(req.url));

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

  it('are answered before the 400 for garbage after them', async () => {
    const users = answersWithUrl();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const answer = await raw(gw.url, `${requestHead('GET /1')}${requestHead('GET /2')}garbage\r\n\r\n`);
    expect(answersIn(answer)).toMatchObject([
      { status: 200, body: '/1' },
      { status: 200, body: '/2' },
      { status: 400, headers: { connection: ['close'] } },
    ]);
    expect(users.requests).toHaveLength(2);
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

  it('are dropped after one with invalid framing', async () => {
    const users = answersWithUrl();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const refused = `${requestHead('POST /1', 'Transfer-Encoding: ,chunked')}0\r\n\r\n`;
    const answer = await raw(gw.url, refused + requestHead('GET /2'));
    expect(answersIn(answer)).toMatchObject([{ status: 400 }]);
    expect(users.requests).toHaveLength(0);
  });
});
