import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | boolean | number>>;
}

interface Workflow {
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, { readonly permissions: object; readonly steps: readonly Step[] }>>;
}

const { permissions, jobs } = parse(readFileSync('.github/workflows/release.yml', 'utf8')) as Workflow;
const steps = Object.values(jobs).flatMap((job) => job.steps);

it('the release gives each job only the permissions that it lists, and writing only to those that publish', () => {
  expect(permissions).toEqual({});
  expect(jobs['test']?.permissions).toEqual({ contents: 'read' });
  for (const job of Object.values(jobs)) expect(job.permissions).toMatchObject({ contents: 'read' });
});

it('the release uses actions in a fixed version', () => {
  const used = steps.flatMap(({ uses }) => uses ?? []);
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((action) => !/@v\d+(\.\d+)*$/.test(action))).toEqual([]);
});

it('the arguments that differ from build to build follow all layers of the image', () => {
  const stage =
    readFileSync('Dockerfile', 'utf8')
      .split(/^FROM /m)
      .at(-1) ?? '';
  const instructions = stage.match(/^[A-Z]+(?= )/gm);
  expect(instructions?.slice(-2)).toEqual(['ARG', 'LABEL']);
  expect(instructions?.filter((name) => name === 'ARG' || name === 'LABEL')).toHaveLength(2);
});

it('the release builds for two platforms with SBOM and provenance, and all arguments of the Dockerfile', () => {
  const build = steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'))?.with;
  expect(build).toMatchObject({ platforms: 'linux/amd64,linux/arm64', sbom: true, provenance: 'mode=max' });
  const given = String(build?.['build-args'])
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0]);
  const declared = /^ARG (VERSION .*)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1];
  expect(given).toEqual(declared?.split(' '));
});
