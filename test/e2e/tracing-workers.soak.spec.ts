import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { OtlpReceiver } from '../support/otlp.js';
import { clientsOfBoth, spawnWorkers } from '../support/workers.js';

const PARENT = 'b7ad6b7169203331';

it('each worker sends its spans as an instance of one service', async () => {
  const receiver = new OtlpReceiver();
  const gateway = await spawnWorkers(`
tracing: { endpoint: "${await listen(receiver.server)}", sample: 0%, serviceName: edge }
upstreams: { users: { url: "${await listen(createServer((_req, res) => void res.end('hello')))}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`);
  const clients = await clientsOfBoth(gateway, '/');
  const traces = ['1'.repeat(32), '2'.repeat(32)];
  for (const [i, client] of clients.entries())
    await client.ask('/traced', { traceparent: `00-${traces[i]}-${PARENT}-01` });
  const resources = [];
  for (const each of traces) {
    const [server, tried] = (await receiver.trace(each, 2)).toSorted((a, b) => Number(a.start - b.start));
    expect(server).toMatchObject({ kind: 'server', parentId: PARENT });
    expect(tried).toMatchObject({ kind: 'client', parentId: server?.spanId });
    resources.push(server?.resource);
  }
  expect(resources.map((each) => each?.['service.name'])).toEqual(['edge', 'edge']);
  expect(new Set(resources.map((each) => each?.['service.instance.id'])).size).toBe(2);
  // What nobody asked to record is not recorded.
  expect(receiver.spans).toHaveLength(4);
});
