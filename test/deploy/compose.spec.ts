import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/modules/config/parse-config.js';

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
}

const read = (file: string): unknown => parse(readFileSync(file, 'utf8'));
const { services } = read('compose.yaml') as { services: Readonly<Record<string, Service>> };
const FOLDER = 'test/demo/compose';

/** @returns the service and the port that clients in the network of the containers call */
function addressed(url: string): string {
  const { hostname, port } = new URL(url);
  expect(Object.keys(services)).toContain(hostname);
  return `${hostname}:${port}`;
}

it('compose.yaml mounts files that exist', () => {
  const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes);
  expect(mounted.length).toBeGreaterThan(5);
  expect(mounted.map((volume) => volume.split(':')[0] ?? '').filter((file) => !existsSync(file))).toEqual([]);
});

it('compose.yaml opens its ports on this machine only, each once', () => {
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
});

it('compose.yaml gives the gateway a valid configuration, whose upstreams are its services', () => {
  const { environment = {} } = services['gateway']!;
  const env = {
    ...environment,
    JWT_SECRET: environment['JWT_SECRET']!.replace(/^\$\{JWT_SECRET:-(.*)\}$/, '$1'),
  };
  const file = 'test/demo/gateway.yaml';
  const result = parseConfig(readFileSync(file, 'utf8'), { file, env, readFile: () => '' });
  expect(result).toMatchObject({ ok: true, warnings: [], config: { server: { host: '0.0.0.0' } } });
  for (const name of ['users', 'orders']) {
    expect(addressed(env[`${name.toUpperCase()}_URL` as keyof typeof env])).toBe(`${name}:3000`);
    expect(services[name]?.command).toEqual([name, '--port', '3000']);
  }
  expect(addressed(environment['REDIS_URL']!)).toBe('redis:6379');
});

it('Prometheus reads the management port of the gateway, and Grafana reads Prometheus', () => {
  expect(read(`${FOLDER}/prometheus.yaml`)).toMatchObject({
    scrape_configs: [{ static_configs: [{ targets: ['gateway:9090'] }] }],
  });
  const { datasources } = read(`${FOLDER}/grafana-datasource.yaml`) as { datasources: { url: string }[] };
  expect(datasources.map(({ url }) => addressed(url))).toEqual(['prometheus:9090']);
});

it('Grafana finds the dashboard in the folder that its provider names', () => {
  const { providers } = read(`${FOLDER}/grafana-dashboards.yaml`) as {
    providers: { options: { path: string } }[];
  };
  const target = services['grafana']!.volumes!.find((volume) => volume.includes('dashboard.json'))?.split(
    ':',
  )[1];
  expect(target).toBe(`${providers[0]?.options.path}/breakwater.json`);
  expect(services['grafana']?.environment).toMatchObject({
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: target,
  });
});

it('compose.yaml and the chart start the same Redis', () => {
  const values = read('helm/breakwater/values.yaml') as { bundledRedis: { image: string } };
  expect(values.bundledRedis.image).toBe(services['redis']?.image);
});

const compose = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'docker-compose'))
  .find((path) => existsSync(path));

it.runIf(compose)('docker-compose accepts compose.yaml', async () => {
  const run = promisify(execFile)(compose!, ['--file', 'compose.yaml', 'config', '--services']);
  expect((await run).stdout.trim().split('\n').toSorted()).toEqual(Object.keys(services).toSorted());
});
