import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const YAML = `
server: { requestIdleTimeout: 400ms, requestTimeout: 700ms, receiveMinRate: 0B }
upstreams: { files: { url: "\${FILES_URL}", breaker: { consecutiveFailures: 1 }, bulkhead: { concurrent: 1 } } }
routes:
  - { id: total, match: { path: /total }, upstream: files }
  - { id: files, match: { path: /** }, upstream: files, requestTimeout: 0s }
`;

let held: (() => void) | undefined;
const files = recording((req, res) => {
  if (req.url === '/held') held = () => res.end();
  else req.resume().on('end', () => res.end('stored'));
});
const gw = gateway(YAML).withUpstream('files', files.handler).startOnce();

/** Sends a byte now and then. */
async function upload(path: string, bytes: number): Promise<{ status: number; body: string }> {
  const client = await RawConnection.to(gw.url);
  client.send(requestHead(`POST ${path}`, `Content-Length: ${bytes}`, 'Connection: close'));
  let sent = 0;
  const sending = setInterval(() => {
    if (++sent === bytes) clearInterval(sending);
    client.send('x');
  }, 100);
  client.socket.once('close', () => clearInterval(sending));
  await client.ended();
  return answersIn(client.received)[0]!;
}

describe('an upload', () => {
  it('can take any time while bytes arrive on a route without requestTimeout', async () => {
    expect(await upload('/1', 14)).toMatchObject({ status: 200, body: 'stored' });
  });

  it('gets a 408 when it takes longer than `requestTimeout`', async () => {
    expect(await upload('/total', 30)).toMatchObject({ status: 408 });
  });

  it('gets a 408 when it pauses for `requestIdleTimeout`, which is no failure of the upstream', async () => {
    const client = (await RawConnection.to(gw.url)).send(
      `${requestHead('POST /1', 'Content-Length: 9')}half`,
    );
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 408, headers: { connection: ['close'] } }]);
    expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
  });

  it('does not count as paused while the client waits for 100 Continue', async () => {
    const [first, second] = [await RawConnection.to(gw.url), await RawConnection.to(gw.url)];
    first.send(requestHead('GET /held', 'Connection: close'));
    await until('the only place is taken', () => held);
    second.send(requestHead('POST /1', 'Expect: 100-continue', 'Content-Length: 5', 'Connection: close'));
    // A client that pauses for as long is refused.
    expect((await upload('/total', 30)).status).toBe(408);
    expect(second.received).toBe('');
    held?.();
    await second.until('100 Continue');
    second.send('hello');
    await second.ended();
    expect(answersIn(second.received)).toMatchObject([{ status: 100 }, { status: 200 }]);
  });
});

it('a slow upload loses its place to others when it is slower than `receiveMinRate`', async () => {
  const slow = await gateway(YAML.replace('0B', '1KiB')).withUpstream('files', files.handler).start();
  const client = await RawConnection.to(slow.url);
  client.send(requestHead('POST /1', 'Content-Length: 1000'));
  const before = files.requests.length;
  await until('it has the only place', () => {
    client.send('x');
    return files.requests.length > before;
  });
  const sending = setInterval(() => client.send('x'), 100);
  client.socket.once('close', () => clearInterval(sending));
  expect((await slow.fetch('/2')).status).toBe(200);
  await client.ended();
  expect(answersIn(client.received)).toMatchObject([{ status: 408 }]);
  expect(await slow.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
});
