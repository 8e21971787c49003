import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Of a file that does not exist or cannot be looked at. */
const NONE = 'none';

/**
 * @returns a text that differs when the content of a file may differ. It follows symbolic links, so it also differs when
 *   one of the links on the way leads elsewhere, as Kubernetes does it
 */
export async function fingerprint(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(textOf, () => NONE);
}

/** The same at once. */
export function fingerprintNow(path: string): string {
  try {
    return textOf(statSync(path, { bigint: true }));
  } catch {
    return NONE;
  }
}

function textOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join();
}
