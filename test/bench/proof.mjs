import { SetupError } from '../../scripts/lib/project.mjs';

const bodyBytes = 460;

/**
 * Asks a contender before it is measured, so that a figure is never one of a wrong answer, an unchecked token or a
 * cold cache.
 * @param {import('./contenders.mjs').Contender} contender
 * @throws {SetupError} when it does not do what its row in the table says
 */
export async function proveItWorks({ title, route }, url, headers) {
  const expect = (is, what) => {
    if (!is) throw new SetupError(`${title} is not measured: ${what}.`);
  };
  const { status, bytes } = await ask(url, headers);
  expect(status === 200 && bytes === bodyBytes, `it answered ${status} with ${bytes} bytes`);
  if (!route) return;

  const { status: withoutToken } = await ask(url, {});
  const wanted = route.auth === 'none' ? 200 : 401;
  expect(withoutToken === wanted, `without a token it answered ${withoutToken}`);

  const again = await ask(url, headers);
  const isHit = /; hit\b/.test(again.cacheStatus);
  expect(isHit === Boolean(route.cache), `its Cache-Status was ${again.cacheStatus || 'missing'}`);
}

async function ask(url, headers) {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
  const { byteLength: bytes } = await response.arrayBuffer();
  return { status: response.status, bytes, cacheStatus: response.headers.get('cache-status') ?? '' };
}
