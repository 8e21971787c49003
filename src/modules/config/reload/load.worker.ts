import { parentPort, workerData } from 'node:worker_threads';
import { readConfigFile } from '../load-config-file.js';
import { writeConfig } from './config-text.js';
import type { FileReading } from './read-in-worker.js';

// A thread of its own, because the text of a large configuration takes seconds to read and check.
// Of `readInWorker`.
const { file, text } = workerData as { readonly file: string; readonly text: string | undefined };
const loaded = readConfigFile(file, process.env, text);
let reading: FileReading;
if (loaded.ok) {
  const { config, ...rest } = loaded;
  reading = { ...rest, text: (await writeConfig(config, () => undefined)).text };
} else reading = loaded;
// A port of a thread has no origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(reading);
