import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfigFile } from '../load-config-file.js';
import { parseConfig } from '../parse-config.js';
import { definePlugin } from './define-plugin.js';
import type { Plugin } from './plugin.types.js';
import { pluginProblems } from './prepare-plugins.js';

const stamp = definePlugin({
  name: 'stamp',
  options: z.strictObject({
    header: z.string().regex(/^x-/),
    size: z.number().min(2).default(3),
    key: z.string().min(40).optional(),
  }),
  hooks: () => ({ onRequest: () => undefined }),
});
const bare = definePlugin({ name: 'bare', hooks: () => ({ onResponse: () => undefined }) });

function problemsOf(yaml: string, given: readonly Plugin[] = [stamp, bare]): string[] {
  const result = parseConfig(yaml, { file: '/etc/gateway.yaml', env: {}, readFile: () => '' });
  const own = result.ok ? [] : result.problems;
  return [...own, ...pluginProblems(result.plugins, { given })].map(
    ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
  );
}

describe('plugins of a configuration', () => {
  it('have no problems with the options that they take', () => {
    expect(problemsOf('plugins: { stamp: { options: { header: x-a } }, other: { use: bare } }')).toEqual([]);
  });

  it('check their options by their own schema, with the place and what is allowed', () => {
    expect(
      problemsOf(`
plugins:
  stamp: { options: { header: a, size: 1, colour: red } }
  twin: { use: stamp }
  bare:
    options: { header: x-a }
  secret: { use: stamp, options: { header: x-a, key: hunter2 } }
`),
    ).toEqual([
      '3:31 plugins.stamp.options.header: found "a", expected text that matches /^x-/',
      '3:40 plugins.stamp.options.size: found 1, expected at least 2',
      '3:43 plugins.stamp.options.colour: unknown key "colour"; known here: header, size, key',
      '4:3 plugins.twin.options.header: missing, expected text',
      '6:5 plugins.bare.options: `bare` takes no options',
      '7:54 plugins.secret.options.key: found a value that is not shown, expected at least 40 characters',
    ]);
  });

  it('are known where they are used', () => {
    expect(
      problemsOf(
        'plugins: { bare: {} }\nroutes: [{ id: a, match: { path: / }, upstream: a, plugins: [bar] }]',
      ),
    ).toContain(
      '2:62 routes[0].plugins[0]: found "bar", expected the id of an entry of `plugins` (bare); did you mean `bare`?',
    );
  });

  it('must offer what they are used for', () => {
    expect(
      problemsOf(`
plugins: { bare: {} }
auth: { a: { plugin: bare } }
defaults: { fallback: { plugin: bare } }
upstreams: { a: { url: http://a, balancer: bare }, b: { url: http://b, balancer: round-robbin } }
`),
    ).toEqual([
      '5:82 upstreams.b.balancer: found "round-robbin", expected one of `power-of-two`, `round-robin`, `random`, `least-requests`, `consistent-hash`, or the id of an entry of `plugins`; did you mean `round-robin`?',
      '3:22 auth.a.plugin: found "bare", expected a plugin that offers authentication; `bare` offers hooks',
      '4:33 defaults.fallback.plugin: found "bare", expected a plugin that offers a fallback; `bare` offers hooks',
      '5:44 upstreams.a.balancer: found "bare", expected a plugin that offers a balancer; `bare` offers hooks',
    ]);
  });

  it('say why they do not start', () => {
    const plugin = definePlugin({
      name: 'broken',
      hooks: () => {
        throw new Error('no such file');
      },
    });
    const empty = definePlugin({ name: 'empty', hooks: () => ({}) });
    expect(problemsOf('plugins: { broken: {}, empty: {} }', [plugin, empty])).toEqual([
      '1:12 plugins.broken: the plugin cannot start: no such file',
      '1:24 plugins.empty: the plugin cannot start: `hooks` must return an object with `onRequest` or `onResponse`',
    ]);
  });

  it.each(['hooks', 'auth', 'balancer', 'fallback'])('do not start from a promise, even of %s', (kind) => {
    const plugin = {
      name: 'late',
      // An unhandled rejection would end the process.
      [kind]: () => Promise.reject(new Error('no database')),
    } as unknown as Plugin;
    expect(problemsOf('plugins: { late: {} }', [plugin])).toEqual([
      `1:12 plugins.late: the plugin cannot start: \`${kind}\` returned a promise; it has to return at once`,
    ]);
  });

  it.each([
    ['Invalid URL', z.strictObject({ url: z.string().transform((text) => new URL(text)) })],
    [
      'Encountered Promise during synchronous parse',
      z.strictObject({ url: z.string().refine(() => Promise.resolve(true)) }),
    ],
    ['Cannot read properties', { safeParse: () => undefined } as unknown as z.ZodType],
  ])('say that their schema throws: %s', (reason, options) => {
    const plugin = definePlugin<unknown>({
      name: 'odd',
      options,
      hooks: () => ({ onRequest: () => undefined }),
    });
    expect(problemsOf('plugins: { odd: { options: { url: nonsense } } }', [plugin])).toEqual([
      expect.stringContaining(`1:19 plugins.odd.options: the plugin cannot check its options: ${reason}`),
    ]);
  });

  it('have no other keys in an object literal, where one is usually misspelt', () => {
    const typo = definePlugin({
      name: 'typo',
      hooks: () => ({ onRequest: () => undefined, onRespones: () => undefined }),
      auth: () => ({ authenticate: () => 'missing' as const, header: ['x-partner'] }),
    });
    class Hooks {
      count = 0;
      onRequest(): void {
        this.count++;
      }
    }
    const instance = definePlugin({ name: 'instance', hooks: () => new Hooks() });
    expect(problemsOf('plugins: { typo: {}, instance: {} }', [typo, instance])).toEqual([
      '1:12 plugins.typo: the plugin cannot start: `hooks` returned the unknown key "onRespones", expected onRequest, onResponse',
    ]);
  });

  it('are closed again after the check', () => {
    const signals: AbortSignal[] = [];
    const plugin = definePlugin({
      name: 'stateful',
      hooks: (_options, { signal }) => {
        signals.push(signal);
        return { onRequest: () => undefined };
      },
    });
    expect(problemsOf('plugins: { stateful: {} }', [plugin])).toEqual([]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('definePlugin', () => {
  it.each([
    [undefined, 'the plugin was not made by definePlugin()'],
    [{ name: '', hooks: () => ({}) }, 'the plugin has no name'],
    [{ name: 'a' }, 'the plugin offers none of '],
    [{ name: 'a', hooks: {} }, '`hooks` of the plugin is not a function'],
    [{ name: 'a', hooks: () => ({}), options: {} }, '`options` of the plugin is not a zod schema'],
  ])('refuses %o', (plugin, message) => {
    expect(() => definePlugin(plugin as unknown as Plugin)).toThrow(message);
  });
});

describe('modules of plugins', () => {
  let folder = '';
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const load = (section: string) => {
    write('gateway.yaml', `plugins: ${section}\nupstreams: { users: { url: http://users } }\n`);
    const result = loadConfigFile(join(folder, 'gateway.yaml'), {});
    return result.ok
      ? []
      : result.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'breakwater-plugins-'));
    const installed = join(folder, 'node_modules', '@example', 'stamp');
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(installed, 'package.json'), '{ "type": "module", "exports": "./stamp.js" }');
    writeFileSync(
      join(installed, 'stamp.js'),
      `import { z } from 'zod';
      export default { name: 'stamp', options: z.strictObject({ header: z.string() }), hooks: () => ({ onRequest() {} }) };`,
    );
    const install = (name: string, exports: string) => {
      const path = join(folder, 'node_modules', name);
      mkdirSync(path);
      writeFileSync(join(path, 'package.json'), `{ "type": "module", "exports": ${exports} }`);
      writeFileSync(
        join(path, 'i.js'),
        `export default { name: '${name}', hooks: () => ({ onRequest() {} }) };`,
      );
    };
    install('import-only', '{ ".": { "types": "./i.d.ts", "import": "./i.js" } }');
    install('incomplete', '{ "./other": "./i.js" }');
    install('no-main', '"./gone.js"');
    symlinkSync(resolve('node_modules/zod'), join(folder, 'node_modules', 'zod'));
    write('own.mjs', `export default { name: 'own', hooks: () => ({ onRequest() {} }) };`);
    write('common.cjs', `module.exports = { name: 'common', hooks: () => ({ onRequest() {} }) };`);
    write('nothing.mjs', `export const name = 'nothing';`);
    write('text.mjs', `export default 'text';`);
    write('throws.mjs', `throw new Error('no licence');`);
    write('waits.mjs', `await 1; export default {};`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are found as packages and by paths relative to the configuration', () => {
    expect(
      load(
        '{ a: { use: "@example/stamp", options: { header: x-a } }, b: { use: ./own.mjs }, c: { use: ./common.cjs } }',
      ),
    ).toEqual([]);
    expect(load('{ a: { use: "@example/stamp", options: { heder: x-a } } }')).toEqual([
      expect.stringMatching(/^1:40 plugins\.a\.options\.header: missing, expected text$/),
      expect.stringMatching(/^1:51 plugins\.a\.options\.heder: unknown key "heder"; did you mean `header`/),
    ]);
  });

  it.each([
    ['./missing.mjs', 'no such file; paths are relative to '],
    ['own.mjs', / no such package in .* or above; paths begin with \.\/$/],
    ['./nothing.mjs', 'its default export offers none of hooks, auth, balancer, fallback'],
    ['./text.mjs', 'its default export was not made by definePlugin()'],
    ['incomplete', 'it cannot be found: No "exports" main defined in '],
    ['no-main', /it cannot be found: Cannot find module '.*gone\.js'/],
    ['./throws.mjs', 'it cannot be loaded: Error: no licence'],
    ['./waits.mjs', 'it has an `await` outside of functions'],
  ])('that cannot be used are a problem: %s', (use, why) => {
    expect(load(`{ a: { use: ${use} } }`)).toEqual([
      expect.stringContaining(
        `1:22 plugins.a.use: found "${use}", expected a package or the path of a module with a plugin: `,
      ),
    ]);
    expect(load(`{ a: { use: ${use} } }`)[0]).toMatch(why);
  });

  it('are found in packages that can only be imported', () => {
    expect(load('{ a: { use: import-only } }')).toEqual([]);
  });

  it.each([
    ['has thrown', `throw new Error('no licence');`],
    ['has exported something else', `export default 'text';`],
    ['has waited', `await 1;`],
  ])('that fail again say that a repaired module needs a restart: one that %s', (name, broken) => {
    const file = `${name.replaceAll(' ', '-')}.mjs`;
    write(file, broken);
    const use = `{ a: { use: ./${file} } }`;
    const [first] = load(use);
    expect(first).not.toContain('restart');
    write(file, `export default { name: 'repaired', hooks: () => ({ onRequest() {} }) };`);
    // Node keeps modules that have run.
    const again = [`${first}; a repaired module needs a restart of the gateway`];
    expect([load(use), load(use)]).toEqual([again, again]);
  });

  it('that cannot be compiled are loaded once they are repaired', () => {
    write('syntax.mjs', 'export default {');
    expect(load('{ a: { use: ./syntax.mjs } }')).toHaveLength(1);
    write('syntax.mjs', `export default { name: 'repaired', hooks: () => ({ onRequest() {} }) };`);
    expect(load('{ a: { use: ./syntax.mjs } }')).toEqual([]);
  });

  it('that nobody names are looked for by the id of the entry in code only', () => {
    expect(load('{ own: {} }')).toEqual([
      '1:12 plugins.own.use: missing, expected a package or the path of a module: no plugin of the application is named "own"',
    ]);
  });

  it('are not loaded for a preview', () => {
    const text = `plugins: { a: { use: ./never.mjs }, b: { use: ./own.mjs, options: { a: 1 } } }`;
    write('never.mjs', `throw new Error('it must not run');`);
    const result = parseConfig(text, { file: join(folder, 'gateway.yaml'), env: {}, readFile: () => '' });
    expect(pluginProblems(result.plugins, { mayLoad: false }).map(({ message }) => message)).toEqual([
      '`own` takes no options',
    ]);
  });
});
