import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { OtlpReceiver } from '../support/otlp.js';
import { fieldsOf, recording } from '../support/recording.js';

const yaml = (tracing: string) => `
tracing: ${tracing}
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;

it('a reload begins, moves and ends the recording of traces', async () => {
  const [first, second] = [new OtlpReceiver(), new OtlpReceiver()];
  const users = recording((_req, res) => void res.end());
  const gw = await gateway(yaml('{}'))
    .withUpstream('first', first.server)
    .withUpstream('second', second.server)
    .withUpstream('users', users.handler)
    .start();
  const sections = async (tracing: string) => (await gw.reload(yaml(tracing))).diff?.sections;
  await gw.fetch('/off');
  expect(await sections('{ endpoint: "${FIRST_URL}", sample: 100% }')).toEqual(['tracing']);
  await gw.fetch('/first');
  expect(await sections('{ endpoint: "${SECOND_URL}", sample: 100% }')).toEqual(['tracing']);
  await gw.fetch('/second');
  expect(await sections('{}')).toEqual(['tracing']);
  await gw.fetch('/off-again');
  await gw.gateway.close();
  const paths = ({ spans }: OtlpReceiver) => spans.flatMap((each) => each.attributes['url.path'] ?? []);
  expect([paths(first), paths(second)]).toEqual([['/first'], ['/second']]);
  const isTraced = users.requests.map((req) => fieldsOf(req, 'traceparent').length);
  expect(isTraced).toEqual([0, 1, 1, 0]);
});
