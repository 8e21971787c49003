import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const answersWithUrl = () => recording((req, res) => void res.end(req.url));

describe('pipelined requests', () => {
  it('are answered in their order', async () => {
    const gw = await gateway(ONE_ROUTE)
      .withUpstream('users', (req, res) => {
        // The first request is answered last.
        if (req.url === '/3') res.end(req.url, () => late?.());
        else if (req.url === '/1') late = () => res.end(req.url);
        else res.end(req.url);
      })
      .start();
    let late: (() => void) | undefined;
    const requests = ['/1', '/2', '/3'].map((path) => requestHead(`GET ${path}`)).join('');
    const answer = await raw(gw.url, requests + requestHead('GET /4', 'Connection: close'));
    expect(answersIn(answer).map(({ body }) => body)).toEqual(['/1', '/2', '/3', '/4']);
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
    await until('both requests are with the upstream', () => answers.length === 2);
    expect(client.received).toBe('');
    for (const answer of answers) answer();
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
