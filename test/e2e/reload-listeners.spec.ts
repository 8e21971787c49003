import { expect, it, onTestFinished } from 'vitest';
import { Event } from '../../src/common/event.js';
import { ConfigReloader } from '../../src/modules/config/reload/config-reloader.js';
import { gateway } from '../support/gateway.js';

const yaml = (body: string) => `
upstreams: { users: { url: "http://127.0.0.1:1", fallback: { response: { status: 200, body: ${body} } } } }
routes: [{ id: users, match: { path: /users }, upstream: users }]`;

it('a listener that throws stops neither the reload nor later listeners', async () => {
  const gw = await gateway(yaml('one')).start();
  const { onError } = Event;
  onTestFinished(() => void (Event.onError = onError));
  const errors: unknown[] = [];
  Event.onError = (error) => errors.push(error);
  const failure = new Error('a fault of a listener');
  gw.gateway.app.get(ConfigReloader).reloaded.on(() => {
    throw failure;
  });
  const results = [await gw.reload(yaml('two')), await gw.reload(yaml('three'))];
  expect(results.map(({ result }) => result)).toEqual(['applied', 'applied']);
  expect(await (await gw.fetch('/users')).text()).toBe('three');
  expect(errors).toEqual([failure, failure]);
});
