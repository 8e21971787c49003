import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { Load } from '../support/load.js';
import { until } from '../support/until.js';

class TrialService {
  mode: 'fail' | 'hang' | 'ok' = 'fail';
  /** Calls without an answer so far. */
  readonly held = new Set<ServerResponse>();
  mostHeld = 0;
  trials = 0;

  handle(res: ServerResponse): void {
    if (this.mode === 'fail') res.writeHead(500).end('broken');
    else if (this.mode === 'ok') res.end('fine');
    else {
      this.trials++;
      this.held.add(res);
      this.mostHeld = Math.max(this.mostHeld, this.held.size);
      res.once('close', () => this.held.delete(res));
    }
  }

  recover(): void {
    this.mode = 'ok';
    for (const res of this.held) res.end('fine');
  }
}

const CLIENTS = { clients: 100, pace: 50 };
const FALLBACK = '503 away';

/** One gateway with an upstream of its own for each test, which is also the name of its route. */
describe('a half-open breaker', { timeout: 60_000 }, () => {
  const services = {
    crowded: new TrialService(),
    hanging: new TrialService(),
    patient: new TrialService(),
    left: new TrialService(),
  };
  type Id = keyof typeof services;

  const upstream = (id: Id, timeout: string) => `
      ${id}:
        url: "\${${id.toUpperCase()}_URL}"
        timeout: ${timeout}
        breaker: { consecutiveFailures: 5, openFor: 1s, maxOpenFor: 1s, window: 30s }
        fallback: { response: { status: 503, body: away } }`;
  const builder = gateway(`
    upstreams:
      ${upstream('crowded', '20s')}
      ${upstream('hanging', '300ms')}
      ${upstream('patient', '300ms')}
      ${upstream('left', '20s')}
    routes:
      - { id: crowded, match: { path: /crowded }, upstream: crowded }
      - { id: hanging, match: { path: /hanging }, upstream: hanging }
      - { id: patient, match: { path: /patient }, upstream: patient, timeout: 20s }
      - { id: left, match: { path: /left }, upstream: left }
  `);
  for (const [id, service] of Object.entries(services)) {
    builder.withUpstream(id, (_req, res) => service.handle(res));
  }
  const gw = builder.startOnce();
  const state = (id: Id) => gw.metric(`breakwater_breaker_state{upstream="${id}"}`);

  /** @returns a service whose breaker is open, without a call under way; from now on it never answers */
  async function tripped(id: Id): Promise<TrialService> {
    const service = services[id];
    for (let i = 0; i < 5; i++) expect((await gw.fetch(`/${id}`)).status).toBe(500);
    expect(await state(id)).toBe(2);
    service.mode = 'hang';
    return service;
  }

  it('admits one of 100 waiting clients as the trial', async () => {
    const service = await tripped('crowded');
    const clients = new Load(`${gw.url}/crowded`, CLIENTS);
    await until('a trial is under way', () => service.held.size > 0);

    const meanwhile = clients.fromNow();
    await until('the others are answered without it', () => meanwhile.total > 500);
    expect(service.held.size).toBe(1);
    expect(service.mostHeld).toBe(1);
    expect(meanwhile.answers).toEqual([FALLBACK]);
    expect(await state('crowded')).toBe(1);

    service.recover();
    await until('the breaker is closed', async () => (await state('crowded')) === 0);
    const after = clients.fromNow();
    await until('all are answered', () => after.total > 300);
    expect(after.answers).toEqual(['200 fine']);
  });

  it('opens again when the trial hangs, and admits one trial the next time too', async () => {
    const service = await tripped('hanging');
    const clients = new Load(`${gw.url}/hanging`, CLIENTS);
    const during = clients.fromNow();
    await until('three trials hung', () => service.trials >= 3);
    await clients.stop();

    expect(service.mostHeld).toBe(1);
    expect(during.answers).toEqual([FALLBACK]);
    // Each trial has its own transition, so that none ran beside another.
    const labels = 'upstream="hanging",from="half-open",to="open",reason="trial-failed"';
    const failed = () => gw.metric(`breakwater_breaker_transitions_total{${labels}}`);
    await until('a transition for each trial', async () => (await failed()) === service.trials);
  });

  it('waits for its only trial as long as the timeout of the route allows', async () => {
    const service = await tripped('patient');
    const clients = new Load(`${gw.url}/patient`, CLIENTS);
    await until('a trial is under way', () => service.held.size > 0);
    const meanwhile = clients.fromNow();
    const startedAt = performance.now();
    await until('three times the timeout of the upstream passed', () => performance.now() - startedAt > 900);

    expect(service.trials).toBe(1);
    expect(meanwhile.answers).toEqual([FALLBACK]);

    service.recover();
    await until('the breaker is closed', async () => (await state('patient')) === 0);
  });

  it('takes the next request as the trial when the client of the first one leaves', async () => {
    const service = await tripped('left');
    await until('the open time is over', async () => (await state('left')) === 1);
    const client = new AbortController();
    const given = gw.fetch('/left', { signal: client.signal }).catch((error: Error) => error.name);
    await until('the trial is under way', () => service.held.size === 1);
    expect((await gw.fetch('/left')).status).toBe(503);

    client.abort();
    expect(await given).toBe('AbortError');
    await until('the call to the service is closed', () => service.held.size === 0);
    expect(await state('left')).toBe(1);

    service.recover();
    expect(await (await gw.fetch('/left')).text()).toBe('fine');
    expect(service.trials).toBe(1);
    await until('the breaker is closed', async () => (await state('left')) === 0);
  });
});
