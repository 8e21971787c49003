import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { parseAllDocuments } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CHART = `${ROOT}helm/breakwater`;

/** The scripts have no type declarations. */
const { findHelm } = (await import(`${ROOT}scripts/lib/helm.mjs`)) as {
  findHelm: (major?: 3 | 4) => string | undefined;
};

const MISSING = 'helm is neither on PATH nor in the cache folder. `npm run helm` builds it with Go, once.';
if (!findHelm()) console.warn(`Suites are skipped: ${MISSING}`);

/** Declares a suite that needs helm; it is skipped without helm unless CI=true. */
export const describeWithHelm = findHelm() || process.env['CI'] === 'true' ? describe : describe.skip;

/** Whether the chart can be rendered with helm 4 as well. */
export const hasHelm4 = findHelm(4) !== undefined;
if (!hasHelm4) console.warn('The chart is rendered with helm 3 only. `npm run helm` builds helm 4 too.');

/** A rendered object of Kubernetes. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read fields of many kinds
  readonly [field: string]: any;
}

export class Rendered {
  constructor(readonly objects: readonly KubernetesObject[]) {}

  /** @param suffix what follows the common part of the names */
  get(kind: string, suffix = ''): KubernetesObject {
    const name = this.fullName + suffix;
    const found = this.objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (!found) throw new Error(`There is no ${kind} ${name}.`);
    return found;
  }

  /** The name of the gateway's Deployment and of most other objects. */
  get fullName(): string {
    const [name] = this.objects
      .filter(({ kind }) => kind === 'Deployment')
      .map(({ metadata }) => metadata.name)
      .toSorted((a, b) => a.length - b.length);
    return name ?? '';
  }

  has(kind: string): boolean {
    return this.objects.some((object) => object.kind === kind);
  }

  /** The gateway's container, its variables with a value, and the spec of its pod. */
  get gateway() {
    const { spec } = this.get('Deployment').spec.template;
    const [container] = spec.containers;
    const written: readonly { name: string; value?: string }[] = container.env;
    const variables = Object.fromEntries(
      written.flatMap(({ name, value }) => (value ? [[name, value]] : [])),
    );
    return { pod: spec, container, variables };
  }

  /** The ConfigMap with the gateway's configuration, whose name depends on `configUpdate`. */
  get configMap(): KubernetesObject {
    const found = this.objects.find(({ kind, data }) => kind === 'ConfigMap' && data['gateway.yaml']);
    if (!found) throw new Error('There is no ConfigMap with a gateway.yaml.');
    return found;
  }

  /** The text of the gateway's configuration. */
  get config(): string {
    return this.configMap['data']['gateway.yaml'];
  }
}

/**
 * Renders the chart as the release `test`.
 *
 * @param args such as `--values`, FILE, or `--set`, `replicaCount=3`
 * @throws an error with the output of helm as its message when it refuses the values
 */
export function render(...args: string[]): Promise<Rendered> {
  return renderWith(3, ...args);
}

export async function renderWith(major: 3 | 4, ...args: string[]): Promise<Rendered> {
  // A helm that `go install` built without the flags of a release takes the cluster for an old one.
  const command = ['template', 'test', CHART, '--kube-version', '1.36.0', ...args];
  const { stdout } = await run(findHelm(major), command);
  // Two keys of the same name in a mapping are an error, too.
  const documents = parseAllDocuments(stdout);
  for (const { errors } of documents) if (errors[0]) throw errors[0];
  return new Rendered(documents.map((document) => document.toJS()).filter(Boolean));
}

/** @returns what helm says when it refuses the values */
export async function refusal(...args: string[]): Promise<string> {
  const error = await render(...args).then(
    () => new Error('helm accepted the values'),
    (error: Error) => error,
  );
  return error.message;
}

export function helm(...args: string[]): Promise<{ stdout: string }> {
  return run(findHelm(), args);
}

async function run(command: string | undefined, args: string[]): Promise<{ stdout: string }> {
  if (command === undefined) throw new Error(MISSING);
  return promisify(execFile)(command, args).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Error(`${stdout}${stderr}`);
    },
  );
}
