import { SetupError } from '../../../scripts/lib/project.mjs';

const bodyBytes = 460;
/** Requests after which a breaker has opened, whose upstream is down. */
const enoughFailures = 50;
/** The first request of some contenders compiles much of them. */
const answersWithinMs = 20_000;

/**
 * Asks a contender before it is measured, so that a figure is never one of a wrong answer, an unchecked token or a
 * cold cache.
 * @param {import('./index.mjs').Contender} contender
 * @throws {SetupError} when it does not do what its row in the table says
 */
export async function proveItWorks({ title, role, expects = 200, caches }, url, headers) {
  const expect = (is, what) => {
    if (!is) throw new SetupError(`${title} is not measured: ${what}.`);
  };
  const ask = (fields) =>
    request(url, fields).catch((error) => expect(false, `its answer was: ${error.message}`));
  let { status, bytes } = await ask(headers);
  if (expects === 503) {
    for (let i = 0; i < enoughFailures && status === 502; i++) ({ status } = await ask(headers));
  }
  expect(status === expects, `it answered ${status} with ${bytes} bytes`);
  if (expects === 200) expect(bytes === bodyBytes, `it answered ${status} with ${bytes} bytes`);
  if (role !== 'breakwater') return;

  const { status: withoutToken } = await ask({});
  expect(withoutToken === 401, `without a token it answered ${withoutToken}`);

  const again = await ask(headers);
  const isHit = /; hit\b/.test(again.cacheStatus);
  expect(isHit === Boolean(caches), `its Cache-Status was ${again.cacheStatus || 'missing'}`);
}

async function request(url, headers) {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(answersWithinMs) });
  const { byteLength: bytes } = await response.arrayBuffer();
  return { status: response.status, bytes, cacheStatus: response.headers.get('cache-status') ?? '' };
}
