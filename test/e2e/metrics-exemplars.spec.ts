import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { OtlpReceiver } from '../support/otlp.js';
import { until } from '../support/until.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2';

async function start() {
  const gw = await gateway(`
tracing: { endpoint: "\${OTEL_URL}", sample: 0% }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`)
    .withUpstream('otel', new OtlpReceiver().server)
    .withUpstream('users', (_req, res) => res.end('hello'))
    .start();
  let requests = 0;
  const ask = async (flags: string) => {
    const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-${flags}`;
    await (await gw.fetch('/', { headers: { traceparent } })).text();
    requests++;
    // Requests are counted when their responses have closed.
    const counted = () => gw.metric('breakwater_request_duration_seconds_count{route="users",method="GET"}');
    await until('the request to be counted', async () => (await counted()) === requests);
  };
  const read = (accept: string) => gw.management('/metrics', { headers: { accept } });
  return { gw, ask, read };
}

it('OpenMetrics have the traces that are recorded as exemplars', async () => {
  const { ask, read } = await start();
  await ask('00');
  expect(await (await read(ACCEPT)).text()).not.toContain('trace_id');
  await ask('01');
  const response = await read(ACCEPT);
  expect(response.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  const text = await response.text();
  for (const name of ['request', 'upstream']) {
    const exemplar = `^breakwater_${name}_duration_seconds_bucket\\{.*\\} \\d # \\{trace_id="${TRACE_ID}"\\} 0\\.\\d+ \\d+`;
    expect(text).toMatch(new RegExp(exemplar, 'm'));
  }
  expect(text).toMatch(/^# TYPE breakwater_requests counter$/m);
  expect(text).toMatch(/^breakwater_requests_total\{.*\} 2$/m);
  expect(text.endsWith('\n# EOF\n')).toBe(true);
});

it('the classic format stays as it is, also after a scrape of OpenMetrics', async () => {
  const { ask, read } = await start();
  await ask('01');
  await (await read(ACCEPT)).text();
  const response = await read('*/*');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(text).toMatch(/^# TYPE breakwater_requests_total counter$/m);
  expect(text).toMatch(/^breakwater_requests_total\{.*\} 1$/m);
  expect(text).not.toContain('trace_id');
});
