import { shuffled, spread } from '../report/statistics.mjs';
import { bodyPath, bodySizes } from '../upstream/bodies.mjs';

/**
 * Measures throughput with response bodies of several sizes.
 * @param {import('../entrant.mjs').Entrant[]} entrants
 * @param {{ rounds: number, seconds: number, connections: number }} plan
 * @returns {Promise<{ id: string, title: string, role: string, failed: number, sizes: object[] }[]>}
 */
export async function measureBodies(entrants, { cores, generator }, { rounds, seconds, connections }) {
  const results = entrants.map((entrant) => ({ ...entrant, loads: bodySizes.map(() => []) }));
  for (let round = 1; round <= rounds; round++) {
    process.stdout.write(`Bodies, round ${round} of ${rounds}`);
    for (const { server, url, headers, loads } of shuffled(results)) {
      server.resume();
      for (const [i, bytes] of bodySizes.entries()) {
        const address = new URL(bodyPath(bytes), url).href;
        loads[i].push(await generator.run({ url: address, headers, seconds, connections, core: cores.load }));
      }
      server.pause();
      process.stdout.write('.');
    }
    console.log();
  }
  return results.map(({ contender: { id, title, role }, loads }) => ({
    id,
    title,
    role,
    failed: loads.flat().reduce((sum, { failed }) => sum + failed, 0),
    sizes: bodySizes.map((bytes, i) => ({
      bytes,
      perSecond: spread(loads[i].map(({ requests, seconds }) => requests / seconds)),
      bytesPerSecond: spread(loads[i].map((load) => load.bytes / load.seconds)),
    })),
  }));
}
