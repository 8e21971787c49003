import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { fieldsOf, recording } from '../support/recording.js';

const OURS = /^1\.1 breakwater-[0-9a-f]+$/;

describe('Via', () => {
  it('names the gateway', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    await gw.fetch('/1');
    expect(fieldsOf(users.requests[0]!, 'via')).toEqual([expect.stringMatching(OURS)]);
  });

  it('keeps earlier entries', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    await raw(
      gw.url,
      requestHead('GET /1', 'Connection: close', 'Via: 1.0 fred', 'Via: 2 breakwater-0 (another)'),
    );
    const [via, ...others] = fieldsOf(users.requests[0]!, 'via');
    expect(others).toEqual([]);
    const entries = via?.split(', ') ?? [];
    expect(entries).toEqual(['1.0 fred', '2 breakwater-0 (another)', expect.stringMatching(OURS)]);
  });

  it('detects a loop and answers 508', async () => {
    const users = recording((req, res) => {
      // An upstream that sends everything back where it came from.
      const via = req.headers.via ?? '';
      void fetch(gw.url + req.url, { headers: { via } }).then(async (looped) => {
        res.writeHead(looped.status).end(await looped.text());
      });
    });
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const response = await gw.fetch('/1');
    expect(response.status).toBe(508);
    expect(await response.json()).toMatchObject({ code: 'loop_detected' });
    expect(users.requests).toHaveLength(1);
  });
});
