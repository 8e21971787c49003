import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

/** One failure would open the breaker. */
const YAML = `
server: { headersTimeout: 500ms, requestTimeout: 1s }
upstreams: { files: { url: "\${FILES_URL}", timeout: 200ms, breaker: { consecutiveFailures: 1 } } }
routes: [{ id: files, match: { path: /** }, upstream: files }]
`;

async function start() {
  const files = recording((req, res) => void req.resume().on('end', () => res.end('stored')));
  return { files, gw: await gateway(YAML).withUpstream('files', files.handler).start() };
}

describe('a client that uploads slowly', () => {
  it('does not use up the time of the upstream, which cannot answer before it has the whole request', async () => {
    const { gw, files } = await start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /', 'Content-Length: 8', 'Connection: close'));
    let sent = 0;
    const sending = setInterval(() => {
      if (++sent === 8) clearInterval(sending);
      client.send('x');
    }, 60);
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 200, body: 'stored' }]);
    expect(files.requests).toHaveLength(1);
  });

  it('and then stops is no failure of the upstream', async () => {
    const { gw, files } = await start();
    const client = (await RawConnection.to(gw.url)).send(`${requestHead('POST /', 'Content-Length: 8')}half`);
    await until('the request is with the upstream', () => files.requests.length);
    await client.ended();
    expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
    expect((await gw.fetch('/', { method: 'POST', body: 'whole' })).status).toBe(200);
  });
});
