import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/modules/config/parse-config.js';
import { CHART, describeWithHelm, hasHelm4, helm, type KubernetesObject, renderWith } from './helm.js';
import { unknownFields, validate } from './kubernetes-schemas.js';
import { SOURCES } from './sources.js';
import { readValues, SETS, valueSet, valuesOf } from './value-sets.js';

const DEFAULTS = parse(readFileSync(`${CHART}/values.yaml`, 'utf8'));

type Mapping = Record<string, unknown>;

/** Merges values into defaults as helm does: mappings by key, everything else is replaced. */
function merged(defaults: Mapping, values: Mapping): Mapping {
  const isMapping = (value: unknown): value is Mapping =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(values).map(([key, value]) => {
    const below = defaults[key];
    return [key, isMapping(value) && isMapping(below) ? merged(below, value) : value];
  });
  return { ...defaults, ...Object.fromEntries(entries) };
}

describeWithHelm.each(SETS)('the chart with the values %s', (set) => {
  it('passes `helm lint --strict`', async () => {
    const { stdout } = await helm('lint', '--strict', '--kube-version', '1.36.0', CHART, ...valuesOf(set));
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it('renders objects that the schemas of Kubernetes accept', async () => {
    const { objects } = await valueSet(set);
    expect(objects.length).toBeGreaterThan(3);
    // Rejects with what is wrong.
    await Promise.all(objects.map(validate));
  });

  it.skipIf(!hasHelm4)('is rendered by helm 4 as by helm 3', async () => {
    const { objects } = await renderWith(4, ...valuesOf(set));
    expect(objects).toEqual((await valueSet(set)).objects);
  });

  it('gives the gateway the configuration of the values, unchanged', async () => {
    const rendered = await valueSet(set);
    const { config, bundledRedis } = readValues(set);
    const expected = merged(DEFAULTS.config, config ?? {});
    if (bundledRedis?.['enabled']) {
      const url = `redis://${rendered.fullName}-redis:6379`;
      expected['redis'] = { url, ...(expected['redis'] as Mapping | undefined) };
    }
    expect(parse(rendered.config)).toEqual(expected);
  });

  it('gives the gateway a configuration that `breakwater check` accepts', async () => {
    expect(parseConfig((await valueSet(set)).config, SOURCES)).toMatchObject({ ok: true });
  });

  it('lets the gateway start without a warning, unless it has no routes', async () => {
    const { config, gateway } = await valueSet(set);
    const env = { ...SOURCES.env, ADMIN_TOKEN: undefined, ...gateway.variables };
    const result = parseConfig(config, { ...SOURCES, env });
    expect(result).toMatchObject({ ok: true, config: { management: { host: '0.0.0.0' } } });
    const warnings = result.ok ? result.warnings.filter(({ id }) => id !== 'no-route') : [];
    expect(warnings).toEqual([]);
  });
});

describeWithHelm('the schemas of Kubernetes', () => {
  it('refuse a wrong type', async () => {
    const wrong = structuredClone((await valueSet('defaults')).get('Deployment'));
    wrong['spec'].replicas = 'two';
    await expect(validate(wrong)).rejects.toThrow('data/spec/replicas must be integer');
  });

  // A whole compiler run: long on a busy machine.
  it('know every field that the chart renders', { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    const isNew = (object: KubernetesObject) => seen.size < seen.add(JSON.stringify(object)).size;
    const all = await Promise.all(
      SETS.map(async (set) => [set, (await valueSet(set)).objects.filter(isNew)] as const),
    );
    const wrong = structuredClone((await valueSet('defaults')).get('Deployment'));
    wrong['spec'].template.spec.containers[0].imagePulPolicy = 'Always';
    const found = await unknownFields({ ...Object.fromEntries(all), wrong: [wrong] });
    // The mistake that was planted is the only one.
    expect(found.match(/^\S+\(\d+,\d+\): error/gm)).toHaveLength(1);
    expect(found).toMatch(/^wrong\.ts.*"imagePulPolicy"/);
  });
});
