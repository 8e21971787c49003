import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../common/clock.js';
import { ConfigStore } from '../config/config.store.js';
import { parseConfig } from '../config/parse-config.js';
import { definePlugin } from '../config/plugins/define-plugin.js';
import type { Plugin } from '../config/plugins/plugin.types.js';
import { Plugins } from './plugins.service.js';

function open(section: string, plugin: Plugin, env: NodeJS.ProcessEnv = {}): Plugins {
  const text = `plugins: ${section}
upstreams: { users: { url: http://users } }
routes: [{ id: users, match: { path: / }, upstream: users }]`;
  const result = parseConfig(text, { file: '/etc/gateway.yaml', env, readFile: () => '' });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return new Plugins(new ConfigStore(result.config), [plugin], systemClock);
}

describe('Plugins', () => {
  it.each([
    ['an escaped reference', 'Hello $${name}', 'Hello ${name}'],
    ['an escaped reference with a default', 'Hello $${name:-you}', 'Hello ${name:-you}'],
    ['a variable whose value looks like a reference', '${PASSWORD}', 'pa${ss}word'],
  ])('gives a plugin its options as they are after substitution: %s', (_, written, expected) => {
    const given: unknown[] = [];
    const plugin = definePlugin({
      name: 'greeting',
      options: z.strictObject({ text: z.string(), more: z.strictObject({ list: z.array(z.string()) }) }),
      hooks: (options) => {
        given.push(options);
        return { onRequest: () => undefined };
      },
    });
    const options = `{ text: "${written}", more: { list: [first, "${written}"] } }`;
    open(`{ greeting: { options: ${options} } }`, plugin, { PASSWORD: 'pa${ss}word' });
    expect(given).toEqual([{ text: expected, more: { list: ['first', expected] } }]);
  });

  it('starts a plugin whose schema makes nothing of its options', () => {
    const plugin = definePlugin({
      name: 'silent',
      options: z.looseObject({}).transform(() => undefined),
      hooks: () => ({ onRequest: () => undefined }),
    });
    expect(open('{ silent: {} }', plugin).find('silent')).toMatchObject({ opened: { id: 'silent' } });
  });

  it('refuses a plugin whose schema rejects its options without a reason', () => {
    const options = { safeParse: () => ({ success: false, error: { issues: [] } }) };
    // An object of another version of zod.
    const plugin = {
      name: 'odd',
      options,
      hooks: () => ({ onRequest: () => undefined }),
    } as unknown as Plugin;
    expect(() => open('{ odd: {} }', plugin)).toThrow('plugins.odd: the plugin rejects its options');
  });
});
