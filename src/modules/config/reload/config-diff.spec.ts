import { describe, expect, it } from 'vitest';
import type { GatewayConfig } from '../gateway-config.js';
import { parseConfig } from '../parse-config.js';
import { diffConfigs, keepFixed } from './config-diff.js';

const UPSTREAMS = 'upstreams: { a: { url: http://a } }';

function parse(text: string): GatewayConfig {
  const result = parseConfig(text, { file: 'gateway.yaml', env: {}, readFile: () => '' });
  if (!result.ok) throw new TypeError('bad configuration');
  return result.config;
}

describe('diffConfigs', () => {
  it('names what is added, changed and removed', () => {
    const before = parse(`${UPSTREAMS}\nroutes: [{ id: r, match: { path: /r }, upstream: a }]`);
    const { a } = before.upstreams;
    const next = { ...before, upstreams: { a, b: a }, routes: [{ ...before.routes[0] }, { id: 's' }] };
    // As much as the function reads.
    expect(diffConfigs(before, next as unknown as GatewayConfig)).toEqual({
      upstreams: { added: ['b'], changed: [], removed: [] },
      routes: { added: ['s'], changed: ['r'], removed: [] },
      sections: [],
    });
    expect(diffConfigs(next as unknown as GatewayConfig, { ...before, cache: { ...before.cache } })).toEqual({
      upstreams: { added: [], changed: [], removed: ['b'] },
      routes: { added: [], changed: ['r'], removed: ['s'] },
      sections: ['cache'],
    });
  });

  it('names another order of routes', () => {
    const before = parse(`${UPSTREAMS}\nroutes: [{ id: r, match: { path: /r }, upstream: a }]`);
    const [r] = before.routes;
    const withIds = (...ids: string[]) =>
      // As much as the function reads.
      ({ ...before, routes: ids.map((id) => (id === 'r' ? r : { id })) }) as unknown as GatewayConfig;
    expect(diffConfigs(withIds('r', 's'), withIds('s', 'r')).sections).toEqual(['routes (order)']);
    expect(diffConfigs(withIds('r', 's'), withIds('r', 't', 's')).sections).toEqual([]);
    expect(diffConfigs(withIds('r', 's', 't'), withIds('r', 't')).sections).toEqual([]);
  });
});

describe('keepFixed', () => {
  it('keeps what only a restart can change, and says so', () => {
    const running = parse(`server: { port: 1 }\nmanagement: { token: old }\n${UPSTREAMS}`);
    const text =
      'server: { host: 127.0.0.1, port: 2, workers: 2, compression: true }\nmanagement: { port: 3, token: new }';
    const next = parse(`${text}\nredis: { url: "redis://r" }\nstate: { file: s.json }\n${UPSTREAMS}`);
    const { config, waiting } = keepFixed(next, running);
    expect(waiting.slice(0, 3)).toEqual(['server.host', 'server.port', 'server.workers']);
    expect(waiting.slice(3)).toEqual(['management.port', 'redis', 'state']);
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 1, compression: true });
    expect(config.management).toEqual({ ...running.management, token: 'new' });
    expect(config.redis).toBe(running.redis);
  });

  it('leaves a section the same object when nothing of it can be applied', () => {
    const running = parse(`server: { port: 1 }\n${UPSTREAMS}`);
    expect(keepFixed(parse(`server: { port: 2 }\n${UPSTREAMS}`), running).config.server).toBe(running.server);
  });

  it('leaves a section the same object when the file says again what is in force', () => {
    const text = `redis: { url: "redis://r" }\nmanagement: { port: 1 }\n${UPSTREAMS}`;
    const running = parse(text);
    const { config, waiting } = keepFixed(parse(text), running);
    expect(config.redis).toBe(running.redis);
    expect(config.management).toBe(running.management);
    expect(waiting).toEqual([]);
  });

  it('keeps a part as a whole that is in one of the two configurations only', () => {
    const running = parse(UPSTREAMS);
    const next = { ...running, server: { ...running.server, tls: { handshakeTimeout: 1 } } };
    // As much as the function reads.
    const { config, waiting } = keepFixed(next as unknown as GatewayConfig, running);
    expect(config.server).toBe(running.server);
    expect(waiting).toEqual(['server.tls']);
  });
});
