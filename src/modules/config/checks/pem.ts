import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';
import { isPem } from '../source/secret-names.js';
import { readReferencedFile, type Sources } from '../source/substitute.js';

/** What a PEM text can hold. */
export interface PemKind<T> {
  readonly parse: (pem: string) => T;
  /** The words that follow "expected". */
  readonly expected: string;
}

export const CERTIFICATES: PemKind<X509Certificate[]> = {
  parse(pem) {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs);
    if (!blocks) throw new TypeError('The text contains no certificate.');
    return blocks.map((block) => new X509Certificate(block));
  },
  expected: 'certificates as PEM text that can be parsed',
};

export const PRIVATE_KEY: PemKind<KeyObject> = {
  parse: createPrivateKey,
  expected: 'a private key as PEM text that can be parsed, not encrypted',
};

/**
 * @param problems what is found is added; the PEM text never gets into a message
 * @returns the text that is written at a place, or of the file that is named there
 */
export function readPem(place: ConfigValue, sources: Sources, problems: ConfigProblem[]): string | undefined {
  if (place.text === undefined || isPem(place.text)) return place.text;
  const content = readReferencedFile(place.text, sources);
  if ('text' in content) return content.text;
  problems.push(place.expected(`PEM text, or the path of a readable PEM file: ${content.failure}`));
  return undefined;
}

/** @param problems as in `readPem` */
export function parsePem<T>(
  place: ConfigValue,
  pem: string | undefined,
  { parse, expected }: PemKind<T>,
  problems: ConfigProblem[],
): T | undefined {
  if (pem === undefined) return undefined;
  try {
    return parse(pem);
  } catch {
    if (!place.isInherited) problems.push(place.expected(expected));
    return undefined;
  }
}
