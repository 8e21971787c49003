import { expect, it } from 'vitest';
import { parseConfig } from '../../src/modules/config/parse-config.js';
import { snippets } from '../docs/snippets.js';
import { temporaryFile } from '../support/process.js';
import { describeWithHelm, render } from './helm.js';
import { SOURCES } from './sources.js';

describeWithHelm('values in the docs', () => {
  it.each(snippets('yml'))('$place are accepted by the chart and the gateway', async ({ text }) => {
    const { config } = await render('--values', await temporaryFile('values.yaml', text));
    expect(parseConfig(config, SOURCES)).toMatchObject({ ok: true });
  });
});
