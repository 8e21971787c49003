import { describe, expect, it } from 'vitest';
import { EventReader } from '../support/event-stream.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const YAML = `
server: { shutdown: { delay: 10s, drain: 10s } }
upstreams: { api: { url: "\${API_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 2, openFor: 1m, maxOpenFor: 1m } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`;

const start = () =>
  gateway(YAML)
    .withUpstream('api', (req, res) => res.writeHead(req.url === '/fail' ? 500 : 200).end('answer'))
    .start();

describe('the event stream', () => {
  it('begins with the overview, and continues with transitions and changed upstreams', async () => {
    const gw = await start();
    const reader = await EventReader.open(gw.gateway.managementUrl);
    expect((await reader.next('overview')).data).toMatchObject({ upstreams: [{ id: 'api' }] });
    await gw.fetch('/fail');
    await gw.fetch('/fail');
    const { id, data } = await reader.next('transition', { to: 'open' });
    expect(id).toBe(data['id']);
    expect(data).toMatchObject({ upstream: 'api', from: 'closed', votes: { failures: 2 } });
    await until('a tick shows it', () =>
      reader.named('tick').some((tick) => JSON.stringify(tick.data['upstreams']).includes('"state":"open"')),
    );
  });

  it('resends the events after Last-Event-ID', async () => {
    const gw = await start();
    const first = await EventReader.open(gw.gateway.managementUrl);
    await gw.reload(YAML.replace('openFor: 1m', 'openFor: 2m').replace('maxOpenFor: 1m', 'maxOpenFor: 2m'));
    const { id = '' } = await first.next('reload');
    first.close();
    await gw.fetch('/fail');
    await gw.fetch('/fail');
    await gw.reload(YAML);
    const reader = await EventReader.open(gw.gateway.managementUrl, { 'Last-Event-ID': id });
    await reader.next('overview');
    expect(reader.events.map(({ name }) => name)).toEqual(['transition', 'reload', 'overview']);
    const byQuery = await EventReader.open(gw.gateway.managementUrl, {}, `?after=${id}`);
    await byQuery.next('overview');
    expect(byQuery.named('transition')).toHaveLength(1);
  });

  it('sends a gap event after a restart', async () => {
    const gw = await start();
    const reader = await EventReader.open(gw.gateway.managementUrl, { 'Last-Event-ID': 'earlier.7' });
    expect((await reader.next('gap')).id).toBeUndefined();
  });

  it('answers HEAD without counting it as a reader', async () => {
    const gw = await start();
    const heads = Array.from({ length: 65 }, () => gw.management('/admin/events', { method: 'HEAD' }));
    const statuses = (await Promise.all(heads)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const reader = await EventReader.open(gw.gateway.managementUrl);
    await reader.next('overview');
  });

  it('ends when the gateway drains', async () => {
    const gw = await start();
    const reader = await EventReader.open(gw.gateway.managementUrl);
    const stopping = gw.gateway.shutdown({ delay: 2_000, drain: 0 });
    await until('the stream has ended', () => reader.hasEnded);
    expect((await gw.management('/admin/overview')).status).toBe(200);
    await stopping;
  });

  it('serves 64 readers, and accepts another one when a reader disconnects', async () => {
    const gw = await start();
    const { managementUrl } = gw.gateway;
    const readers = await Promise.all(Array.from({ length: 64 }, () => EventReader.open(managementUrl)));
    const refused = await fetch(`${managementUrl}/admin/events`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ code: 'too_many_readers' });
    readers[0]?.close();
    await until('another is admitted', () => EventReader.open(managementUrl).catch(() => undefined));
  });
});
