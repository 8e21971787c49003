import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KubernetesObject } from './helm.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The validators and types of these packages are generated from the OpenAPI documents and CRDs of the projects. */
function packageOf(apiVersion: string): string {
  const group = apiVersion.split('/')[0] ?? '';
  if (group === 'gateway.networking.k8s.io') return `@kubernetes-models/gateway-api/${apiVersion}`;
  if (group === 'monitoring.coreos.com') return `@kubernetes-models/prometheus-operator/${apiVersion}`;
  return `kubernetes-models/${apiVersion}`;
}

/** @throws an error with the path of the field when a type, a format or a required field is wrong */
export async function validate(object: KubernetesObject): Promise<void> {
  const models = await import(packageOf(object.apiVersion));
  new models[object.kind](object).validate();
}

/**
 * Looks for fields that Kubernetes does not know, which the validators let through: TypeScript reports them in object
 * literals.
 *
 * @returns the messages of the compiler; each begins with the name of the list that the object is from
 */
export async function unknownFields(objects: Record<string, readonly KubernetesObject[]>): Promise<string> {
  // Inside the project, so that packages resolve.
  const folder = await mkdtemp(join(ROOT, 'node_modules', '.kubernetes-'));
  try {
    const files = await Promise.all(
      Object.entries(objects).map(async ([name, list]) => {
        const lines = list.map((object, i) => {
          const type = `import('${packageOf(object.apiVersion)}').I${object.kind}`;
          return `export const object${i}: ${type} = ${JSON.stringify(object, null, 1)};\n`;
        });
        await writeFile(join(folder, `${name}.ts`), lines.join(''));
        return `${name}.ts`;
      }),
    );
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
    };
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', '.'], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    return stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}
