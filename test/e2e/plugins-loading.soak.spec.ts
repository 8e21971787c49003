import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { BreakwaterModule, definePlugin } from '../../src/index.js';
import { z } from '../../src/plugin.js';
import { create, root } from '../library/application.js';
import { cli } from '../support/cli.js';
import { echo, gateway, listen } from '../support/gateway.js';
import { breakwater, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';
import { withWorkers } from '../support/workers.js';

const STAMP = `
import { definePlugin, z } from 'breakwater/plugin';
export default definePlugin({
  name: 'stamp',
  options: z.strictObject({ value: z.string() }),
  hooks: ({ value }) => ({ onRequest: () => ({ headers: { 'x-stamp': value } }) }),
});`;

const yaml = (plugins: string, used: string, url = 'http://127.0.0.1:9') => `
plugins: { ${plugins} }
upstreams: { users: { url: "${url}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, plugins: [${used}] }]
`;

/** @returns the configuration, beside which the plugins are: one as a file, one in an installed package */
async function project(text: string): Promise<string> {
  const file = await temporaryFile('gateway.yaml', text);
  const installed = join(dirname(file), 'node_modules', 'stamp-package');
  await mkdir(installed, { recursive: true });
  await writeFile(join(dirname(file), 'stamp.mjs'), STAMP);
  await writeFile(join(installed, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  await writeFile(join(installed, 'index.js'), STAMP);
  return file;
}

const stampOf = async (url: string) => {
  const { headers } = (await (await fetch(url)).json()) as { headers: Record<string, string> };
  return headers['x-stamp'];
};

describe('breakwater check', { timeout: 60_000 }, () => {
  it('loads plugins from a path and from a package to check their options', async () => {
    const good =
      'a: { use: ./stamp.mjs, options: { value: x } }, b: { use: stamp-package, options: { value: y } }';
    expect(await cli(['check', '-c', await project(yaml(good, 'a, b'))])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const bad = good.replace('value: y', 'valu: y');
    const { code, stderr } = await cli(['check', '-c', await project(yaml(bad, 'a, c'))]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /gateway\.yaml:2:\d+ plugins\.b\.options\.value: missing, expected text\n {4}.*valu: y/,
    );
    expect(stderr).toContain('plugins.b.options.valu: unknown key "valu"; did you mean `value`?');
    expect(stderr).toContain(
      'routes[0].plugins[1]: found "c", expected the id of an entry of `plugins` (a, b)',
    );
    expect(stderr).toContain('3 problems');
  });
});

describe('a gateway with plugins from modules', { timeout: 60_000 }, () => {
  it.each([
    ['one process', (text: string) => `server: { port: 0 }\nmanagement: { port: 0 }\n${text}`],
    ['two workers', (text: string) => withWorkers(text, 'delay: 0s, drain: 1s')],
  ])('applies new options and new modules at a reload, in %s', async (_, of) => {
    const url = await listen(createServer(echo));
    const entry = (value: string) => `a: { use: ./stamp.mjs, options: { value: ${value} } }`;
    const file = await project(of(yaml(entry('first'), 'a', url)));
    const running = breakwater(['start', '-c', file]);
    const gw = await running.json(({ msg }) => msg === 'listening');
    expect(await stampOf(String(gw['url']))).toBe('first');
    await writeFile(file, of(yaml(entry('second'), 'a', url)));
    await until('the new options are in force', async () => (await stampOf(String(gw['url']))) === 'second');
    await writeFile(
      file,
      of(yaml(`${entry('second')}, b: { use: stamp-package, options: { value: third } }`, 'a, b', url)),
    );
    await until('the new module is in force', async () => (await stampOf(String(gw['url']))) === 'third');
    await writeFile(file, of(yaml(entry('[1]'), 'a', url)));
    const failed = await running.json(({ error }) => String(error).includes('plugins.a.options.value'));
    expect(failed['error']).toContain('found a list, expected text');
    expect(await stampOf(String(gw['url']))).toBe('third');
  });
});

describe('a plugin that begins with a promise that rejects', { timeout: 60_000 }, () => {
  const late = 'async () => { await null; throw new Error("no database"); }';
  const hooks = 'hooks: () => ({ onRequest() {} })';
  it.each([
    ['hooks', `hooks: ${late}`, '`hooks` returned a promise; it has to return at once'],
    ['refine', `options: z.object({}).refine(async () => false), ${hooks}`, 'Encountered Promise'],
  ])('is rejected by a reload, and the gateway keeps running: %s', async (_, parts, why) => {
    const url = await listen(createServer(echo));
    const good = 'a: { use: ./stamp.mjs, options: { value: x } }';
    const text = (plugins: string, used: string) =>
      `server: { port: 0, shutdown: { delay: 0s, drain: 0s } }\nmanagement: { port: 0 }\n${yaml(plugins, used, url)}`;
    const file = await project(text(good, 'a'));
    await writeFile(
      join(dirname(file), 'late.mjs'),
      `import { z } from 'breakwater/plugin'; export default { name: 'late', ${parts} };`,
    );
    const running = breakwater(['start', '-c', file]);
    const gw = await running.json(({ msg }) => msg === 'listening');
    await writeFile(file, text(`${good}, late: { use: ./late.mjs }`, 'a, late'));
    const refused = await running.json(({ msg }) => msg === 'configuration not reloaded');
    expect(refused['error']).toContain(why);
    await writeFile(file, text(good.replace('value: x', 'value: y'), 'a'));
    await until('the next reload is in force', async () => (await stampOf(String(gw['url']))) === 'y');
  });
});

describe('a plugin that is given in code', () => {
  const plugin = (signals: AbortSignal[]) =>
    definePlugin({
      name: 'stamp',
      options: z.strictObject({ value: z.string() }),
      hooks: ({ value }, { signal }) => {
        signals.push(signal);
        let count = 0;
        return { onRequest: () => ({ headers: { 'x-stamp': `${value}${++count}` } }) };
      },
    });

  it('keeps its state in a reload with the same options, and restarts with other options', async () => {
    const signals: AbortSignal[] = [];
    const entry = (value: string) => `stamp: { options: { value: ${value} } }`;
    const gw = await gateway(yaml(entry('a'), 'stamp', '${USERS_URL}'))
      .withUpstream('users', echo)
      .withPlugin(plugin(signals))
      .start();
    expect(await stampOf(gw.url)).toBe('a1');
    await gw.reload(yaml(entry('a'), 'stamp', '${USERS_URL}').replace('/**', '/x'));
    expect(await stampOf(`${gw.url}/x`)).toBe('a2');
    await gw.reload(yaml(entry('b'), 'stamp', '${USERS_URL}'));
    expect(await stampOf(gw.url)).toBe('b1');
    await until('the first is closed', () => signals[0]?.aborted);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    const reload = await gw.reload(yaml('stamp: { options: { value: 7 } }', 'stamp', '${USERS_URL}'));
    expect(reload).toMatchObject({
      result: 'failed',
      error: 'plugins.stamp.options.value: found 7, expected text',
    });
    expect(await stampOf(gw.url)).toBe('b2');
  });

  it('is made with services that Nest injects', async () => {
    @Injectable()
    class Counter {
      private count = 0;
      next(): string {
        return String(++this.count);
      }
    }
    @Module({ providers: [Counter], exports: [Counter] })
    class CounterModule {}
    const url = await listen(createServer(echo));
    const configFile = await temporaryFile('gateway.yaml', yaml('counting: {}', 'counting', url));
    const breakwaterModule = BreakwaterModule.forRootAsync({
      imports: [CounterModule],
      inject: [Counter],
      useFactory: (counter: Counter) => ({
        configFile,
        plugins: [
          definePlugin({
            name: 'counting',
            hooks: () => ({ onRequest: () => ({ headers: { 'x-stamp': counter.next() } }) }),
          }),
        ],
      }),
    });
    const app = await create(root({ imports: [breakwaterModule] }));
    await app.listen(0, '127.0.0.1');
    expect([await stampOf(await app.getUrl()), await stampOf(await app.getUrl())]).toEqual(['1', '2']);
  });
});
