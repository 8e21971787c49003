import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** Bytes. The largest state that a gateway writes has less than half of it. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * @returns the text of a file; empty when there is none
 * @throws Error when it cannot be read, is too large or no regular file, such as a pipe, which would never end
 */
export async function readStateFile(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.size > MAX_BYTES) throw new Error(`it has ${found.size} bytes, more than ${MAX_BYTES}`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Replaces a file as a whole. Only the user of the process can read it, since keys of rate limits name clients. */
export async function writeStateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  // It may be left over, or somebody else's.
  await rm(temporary, { force: true });
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
  await rename(temporary, path);
}
