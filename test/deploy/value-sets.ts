import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Rendered, render } from './helm.js';

const FOLDER = fileURLToPath(new URL('value-sets', import.meta.url));

/** The defaults, and every file of `value-sets`. */
export const SETS = [
  'defaults',
  ...globSync('*.yaml', { cwd: FOLDER })
    .toSorted()
    .map((file) => basename(file, '.yaml')),
];

/** @returns the arguments of helm for a set */
export function valuesOf(set: string): string[] {
  return set === 'defaults' ? [] : ['--values', `${FOLDER}/${set}.yaml`];
}

export function readValues(set: string): Record<string, Record<string, unknown> | undefined> {
  return set === 'defaults' ? {} : parse(readFileSync(`${FOLDER}/${set}.yaml`, 'utf8'));
}

const rendered = new Map<string, Promise<Rendered>>();

/** Renders a set, once in each process. */
export function valueSet(set: string): Promise<Rendered> {
  const known = rendered.get(set) ?? render(...valuesOf(set));
  rendered.set(set, known);
  return known;
}
