import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../../../scripts/lib/project.mjs';
import { startOpenLoop } from './latency.mjs';

const givesUpAfterMs = 60_000;
const looksEveryMs = 2;
/** Time before and after the reload in which its effect on other requests is measured, too. */
const aroundMs = 500;

/**
 * Adds a route to the configuration of a contender and measures the time until the route answers, while other requests
 * arrive at a fixed rate.
 * @param {import('../entrant.mjs').Entrant} entrant
 * @param {{ prefixes: string[], upstreams: number }} setting
 * @returns {Promise<{ tookMs: number, longestMs: number, failed: number }>} `longestMs`: the slowest of the other requests
 */
export async function measureReload(
  { contender, url, headers, rewrite, reload },
  { cores },
  setting,
  { rate },
) {
  const { prefixes, upstreams } = setting;
  const added = `/r${prefixes.length}`;
  const load = { url, headers, rate, seconds: givesUpAfterMs / 1000, connections: 8 };
  const others = await startOpenLoop(cores.load, load);
  await rewrite({ prefixes: [...prefixes, added], upstreams });
  await sleep(aroundMs);

  const startedAt = performance.now();
  const accepted = reload();
  const newUrl = url.replace(prefixes[0], added);
  while ((await status(newUrl, headers)) !== 200) {
    if (performance.now() - startedAt > givesUpAfterMs) {
      throw new SetupError(`${contender.title} had not reloaded after ${givesUpAfterMs / 1000} s.`);
    }
    await sleep(looksEveryMs);
  }
  const tookMs = performance.now() - startedAt;
  await accepted;
  await sleep(aroundMs);
  const { maxMs, failed } = await others.finish();
  return { tookMs, longestMs: maxMs, failed };
}

/** @returns `undefined` when the connection was closed, as some contenders do when they reload; `failed` counts that */
async function status(url, headers) {
  try {
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}
