import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { temporaryFile } from '../support/process.js';
import { snippets } from './snippets.js';

const inPage = (language: string) =>
  snippets(language).filter(({ place }) => place.startsWith('docs/plugins.md'));
const lineOf = (place: string) => Number(place.split(':')[1]);

/** Each module, with the configuration that follows it. */
const pairs = inPage('js').map((module) => ({
  ...module,
  yaml: inPage('yaml').find(({ place }) => lineOf(place) > lineOf(module.place))?.text ?? '',
}));

it.each(pairs)(
  'the plugin at $place fits the configuration below it',
  { timeout: 60_000 },
  async ({ text, yaml }) => {
    const file = await temporaryFile('gateway.yaml', yaml);
    const [, path = ''] = /^\/\/ (plugins\/\S+)\n/.exec(text) ?? [];
    await mkdir(join(dirname(file), 'plugins'));
    await writeFile(join(dirname(file), 'package.json'), '{ "type": "module" }');
    await writeFile(join(dirname(file), 'menu.json'), '{}');
    await writeFile(join(dirname(file), path), text);
    const { code, stderr } = await cli(['check', '-c', file]);
    expect([code, stderr]).toEqual([0, '']);
    // The test would pass without the plugin, too, if nothing loaded it.
    await writeFile(join(dirname(file), path), 'export default {};');
    expect((await cli(['check', '-c', file])).stderr).toContain('.use: found');
  },
);
