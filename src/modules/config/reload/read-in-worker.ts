import { Worker } from 'node:worker_threads';
import { ConfigRefusedError } from '../config.store.js';
import type { Loaded } from '../load-config-file.js';
import type { ConfigText } from './config-text.js';

/** What another thread has found in the file. Only the main thread has the plugins, and checks their options. */
export type FileReading = Loaded<{ readonly text: ConfigText }>;

/** Milliseconds. A file that takes longer is not read to its end. */
const LONGEST = 120_000;
/** Mebibytes of short-lived values: with the default of Node, half of the time goes to the garbage collector. */
const YOUNG_SPACE = 64;

/**
 * Reads and checks a configuration in another thread, so that requests are served meanwhile.
 *
 * @param text in place of what is in the file
 * @throws Error when that takes too long or too much memory
 * @throws ConfigRefusedError when `signal` aborts
 */
export async function readInWorker(file: string, signal: AbortSignal, text?: string): Promise<FileReading> {
  const worker = new Worker(new URL('load.worker.js', import.meta.url), {
    workerData: { file, text },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_SPACE },
  });
  const { promise, resolve, reject } = Promise.withResolvers<FileReading>();
  const timeout = AbortSignal.timeout(LONGEST);
  worker.once('message', resolve).once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the thread that reads it ended with code ${code}`)));
  AbortSignal.any([signal, timeout]).addEventListener('abort', () =>
    reject(
      timeout.aborted
        ? new Error(`it could not be read within ${LONGEST / 1000} seconds`)
        : new ConfigRefusedError('the gateway is stopping'),
    ),
  );
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}
