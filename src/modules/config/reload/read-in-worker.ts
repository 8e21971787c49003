import { Worker } from 'node:worker_threads';
import type { LintWarning } from '../lints/lint.js';
import { ConfigRefusedError } from '../config.store.js';
import type { ConfigSource } from '../load-config-file.js';
import type { PluginSources } from '../plugins/plugin-sources.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigText } from './config-text.js';

/** What another thread has found in the file. */
export type FileReading =
  | {
      readonly ok: true;
      readonly source: ConfigSource;
      readonly text: ConfigText;
      readonly warnings: readonly LintWarning[];
      /** Only the main thread has the plugins, and checks their options. */
      readonly plugins?: PluginSources | undefined;
    }
  | {
      readonly ok: false;
      readonly source: ConfigSource;
      readonly problems: readonly ConfigProblem[];
      readonly plugins?: PluginSources | undefined;
    };

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
  const giveUp = () => reject(new Error(`it could not be read within ${LONGEST / 1000} seconds`));
  const stop = () => reject(new ConfigRefusedError('the gateway is stopping'));
  worker.once('message', resolve).once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the thread that reads it ended with code ${code}`)));
  timeout.addEventListener('abort', giveUp);
  signal.addEventListener('abort', stop);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    timeout.removeEventListener('abort', giveUp);
    await worker.terminate();
  }
}
