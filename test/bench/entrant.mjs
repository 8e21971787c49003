import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { stopping } from '../../scripts/lib/children.mjs';
import { SetupError } from '../../scripts/lib/project.mjs';
import { proveItWorks } from './contenders/proof.mjs';
import { ServerProcess } from './processes.mjs';

/** The path that every contender is asked for. */
export const path = '/orders/ord-000042';

/** What every contender serves unless a measurement says otherwise. */
const oneRoute = { prefixes: ['/orders'], upstreams: 1 };

/**
 * @typedef {object} Surroundings
 * @property {ReturnType<import('./machine.mjs').chooseCores>} cores
 * @property {string} directory
 * @property {string} upstreamUrl
 * @property {string} [redisUrl]
 * @property {string[]} skipped titles of contenders that could not be measured
 * @property {string} [profiles] a folder for CPU profiles of Breakwater
 *
 * @typedef {object} Entrant a contender that runs
 * @property {import('./contenders/index.mjs').Contender} contender
 * @property {ServerProcess} server
 * @property {string} url to ask for
 * @property {Record<string, string>} headers
 * @property {(setting: object) => Promise<void>} [rewrite] writes its files for another setting
 * @property {() => unknown} [reload]
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a contender and checks what it answers.
 * @param {import('./contenders/index.mjs').Contender} contender
 * @param {Surroundings} surroundings
 * @param {{ prefixes: string[], upstreams: number }} routes
 * @returns {Promise<Entrant>}
 */
export async function enter(contender, surroundings, routes = oneRoute) {
  const { cores, upstreamUrl, redisUrl, profiles } = surroundings;
  const directory = mkdtempSync(join(surroundings.directory, 'contender-'));
  const setting = { upstreamUrl, redisUrl, directory, ...routes };
  const { headers, rewrite, reload, ...launch } = await contender.launch(setting);
  if (profiles && contender.role === 'breakwater') profile(launch, profiles, contender);
  const server = new ServerProcess(contender.title, launch, cores.contender);
  const url = (await server.url()) + path.replace('/orders', routes.prefixes[0]);
  try {
    await proveItWorks(contender, url, headers);
  } catch (error) {
    throw new SetupError(server.errors + error.message, { cause: error });
  }
  return {
    contender,
    server,
    url,
    headers,
    rewrite: rewrite && ((changed) => rewrite({ ...setting, ...changed })),
    reload: reload && (() => reload(server)),
    stop: () => server.stop(),
  };
}

/**
 * Starts contenders, and stops each until it is its turn.
 * @returns {Promise<Entrant[]>}
 */
export async function enterAll(contenders, surroundings) {
  const entrants = [];
  for (const contender of contenders) {
    const entrant = await enter(contender, surroundings);
    entrant.server.pause();
    entrants.push(entrant);
  }
  return entrants;
}

/**
 * Measures contenders one by one. One that fails is left out, since a run of a quarter of an hour is not to end with it.
 * @template T
 * @param {(contender: import('./contenders/index.mjs').Contender) => Promise<T>} measure
 * @returns {Promise<T[]>}
 */
export async function measureEach(contenders, { skipped }, measure) {
  const rows = [];
  for (const contender of contenders) {
    try {
      rows.push(await measure(contender));
    } catch (error) {
      if (!(error instanceof SetupError) || stopping()) throw error;
      console.error(`\n${error.message}`);
      skipped.push(contender.title);
    }
  }
  return rows;
}

/** Each contender has its own folder, since Node names the files by process and time. */
function profile(launch, directory, { id }) {
  const [node, ...args] = launch.command;
  launch.command = [
    node,
    '--cpu-prof',
    `--cpu-prof-dir=${join(directory, id.replaceAll(':', '-'))}`,
    ...args,
  ];
}
