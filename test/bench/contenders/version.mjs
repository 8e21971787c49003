import { runQuietly } from '../../../scripts/lib/children.mjs';

/** @returns {Promise<string>} the first version number in what a program prints about itself */
export async function versionBy(program, option) {
  const { stdout, stderr } = await runQuietly(program, [option]);
  return /\d+\.\d+[.\d]*/.exec(stdout + stderr)?.[0] ?? 'unknown';
}
