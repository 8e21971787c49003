import { describe, expect, it } from 'vitest';
import { type ConfigApplier, ConfigRefusedError, ConfigStore } from './config.store.js';
import type { GatewayConfig } from './gateway-config.js';

// The store does not look into them.
const [first, second] = [{}, {}] as [GatewayConfig, GatewayConfig];

function recording(log: string[], store: ConfigStore, name: string): ConfigApplier {
  return {
    prepare: async (next) => {
      await Promise.resolve();
      log.push(`prepare ${name} ${next === second} ${store.current === first}`);
      return () => void log.push(`commit ${name} ${store.current === second}`);
    },
  };
}

describe('ConfigStore', () => {
  it('lets all appliers prepare before the configuration is in force, and then commits in one turn', async () => {
    const store = new ConfigStore(first);
    const log: string[] = [];
    store.register(recording(log, store, 'a'));
    store.register(recording(log, store, 'b'));
    await store.apply(second);
    expect(log).toEqual(['prepare a true true', 'prepare b true true', 'commit a true', 'commit b true']);
  });

  it('changes nothing when an applier refuses', async () => {
    const store = new ConfigStore(first);
    const log: string[] = [];
    store.register(recording(log, store, 'a'));
    store.register({
      prepare: () => {
        throw new ConfigRefusedError('no');
      },
    });
    await expect(store.apply(second)).rejects.toThrow(ConfigRefusedError);
    expect([log, store.current === first]).toEqual([['prepare a true true'], true]);
  });
});
