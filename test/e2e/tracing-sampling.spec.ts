import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { OtlpReceiver } from '../support/otlp.js';
import { fieldsOf, recording } from '../support/recording.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const VALID = `00-${TRACE_ID}-${PARENT_ID}-01`;

async function start(sample: string) {
  const receiver = new OtlpReceiver();
  const users = recording((_req, res) => void res.end());
  const gw = await gateway(`
tracing: { endpoint: "\${OTEL_URL}", sample: ${sample} }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: all, match: { path: /** }, upstream: users }]`)
    .withUpstream('otel', receiver.server)
    .withUpstream('users', users.handler)
    .start();
  const received = (name: string) => users.requests.slice(-1).flatMap((req) => fieldsOf(req, name));
  return { gw, receiver, received };
}

it.each([
  ['0%', '00', 0],
  ['100%', '01', 2],
])('with sample: %s, requests without a trace get one with the flags %s', async (sample, flags, spans) => {
  const { gw, receiver, received } = await start(sample);
  await gw.fetch('/1');
  const [traceparent = ''] = received('traceparent');
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  await gw.fetch('/2');
  // Random ids: the flag of level 2 says so.
  const own = flags === '01' ? '03' : '02';
  expect(traceparent).toMatch(new RegExp(`^00-[0-9a-f]{32}-[0-9a-f]{16}-${own}$`));
  expect(received('traceparent')[0]).not.toContain(traceId);
  await gw.gateway.close();
  expect(receiver.spans).toHaveLength(spans * 2);
  const [server, tried] = receiver.spans.filter((each) => each.traceId === traceId);
  const expected = spans === 0 ? [undefined, undefined] : [server?.spanId, spanId];
  expect([tried?.parentId, tried?.spanId]).toEqual(expected);
});

it.each([
  ['0%', '01', 2],
  ['100%', '00', 0],
])('with sample: %s, the flags %s of the caller decide', async (sample, flags, spans) => {
  const { gw, receiver, received } = await start(sample);
  const headers = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-${flags}`, tracestate: 'vendor=1' };
  await ask(`${gw.url}/`, headers);
  const [traceparent = ''] = received('traceparent');
  expect(traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-${flags}$`));
  expect(traceparent).not.toContain(PARENT_ID);
  expect(received('tracestate')).toEqual(['vendor=1']);
  await gw.gateway.close();
  expect(receiver.spans).toHaveLength(spans);
});

it.each([
  ['has a wrong form', { traceparent: 'none' }],
  ['has upper-case letters', { traceparent: VALID.toUpperCase() }],
  ['has a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-${PARENT_ID}-01` }],
  ['has a span id of zeros', { traceparent: `00-${TRACE_ID}-${'0'.repeat(16)}-01` }],
  ['has the version ff', { traceparent: `ff${VALID.slice(2)}` }],
  ['is longer than its version allows', { traceparent: `${VALID}-extra` }],
  ['is very long', { traceparent: `01${VALID.slice(2)}-${'x'.repeat(5_000)} x` }],
  ['is sent twice', { traceparent: [VALID, VALID] }],
  ['is empty', { traceparent: '' }],
])('a traceparent that %s is replaced, together with its tracestate', async (_, hostile) => {
  const { gw, receiver, received } = await start('100%');
  expect((await ask(`${gw.url}/`, { ...hostile, tracestate: 'vendor=1' })).status).toBe(200);
  const traceparents = received('traceparent');
  expect(traceparents).toEqual([expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/)]);
  expect(traceparents[0]).not.toContain(TRACE_ID);
  expect(received('tracestate')).toEqual([]);
  await gw.gateway.close();
  expect(receiver.spans.map(({ parentId }) => parentId)).toEqual(['', receiver.spans[0]?.spanId]);
});

it('a traceparent of a later version is continued in version 00', async () => {
  const { gw, received } = await start('0%');
  await ask(`${gw.url}/`, { traceparent: `cc${VALID.slice(2)}-later` });
  expect(received('traceparent')).toEqual([
    expect.stringMatching(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`)),
  ]);
});
