import { SetupError } from '../../../scripts/lib/project.mjs';
import { breakwaters, otherBuild } from './breakwater.mjs';
import { caddy } from './caddy.mjs';
import { haproxy } from './haproxy.mjs';
import { nginx } from './nginx.mjs';
import { nodePeers } from './node.mjs';
import { springGateway } from './spring.mjs';

/**
 * @typedef {object} Setting what a contender is to serve
 * @property {string} upstreamUrl
 * @property {string[]} prefixes of paths, each of which is a route
 * @property {number} upstreams among which the routes are divided; all of them are the same server
 * @property {string} directory for its files
 * @property {string} [redisUrl]
 *
 * @typedef {object} Launched
 * @property {Record<string, string>} headers of the requests
 * @property {(setting: Setting) => Promise<void>} [rewrite] writes the files for another setting
 * @property {(server: import('../processes.mjs').ServerProcess) => unknown} [reload] makes it read them
 *
 * @typedef {object} Contender
 * @property {string} id
 * @property {string} title
 * @property {'ceiling' | 'peer' | 'server' | 'constant' | 'breakwater'} role `constant` answers by itself
 * @property {string} description
 * @property {boolean} forwards whether each request reaches the upstream
 * @property {number} [expects] the status of its responses, if it is not 200
 * @property {boolean} [caches]
 * @property {boolean} [needsRedis]
 * @property {boolean} [onlyJson] whether it cannot forward other bodies
 * @property {boolean} [scales] whether it takes part with many routes and upstreams
 * @property {() => string | undefined} [missing] how to get what it needs, if that is missing
 * @property {() => Promise<string>} version
 * @property {(setting: Setting) => Promise<import('../processes.mjs').Launch & Launched>} launch
 */

/** @type {readonly Contender[]} */
export const contenders = [...breakwaters, ...nodePeers, nginx, haproxy, caddy, springGateway];

/**
 * @param {string | undefined} only ids, separated by commas
 * @param {readonly string[]} others folders of other builds of Breakwater, to compare with the chosen rows of this one
 * @returns {{ chosen: Contender[], missing: { contender: Contender, hint: string }[] }}
 */
export function chooseContenders(only, others) {
  const wanted = only?.split(',');
  const unknown = wanted?.filter((id) => !contenders.some((each) => each.id === id)) ?? [];
  if (unknown.length > 0) {
    const known = contenders.map(({ id }) => id).join(', ');
    throw new SetupError(`--only does not know ${unknown.join(', ')}. There is: ${known}.`);
  }
  const all = wanted ? contenders.filter(({ id }) => wanted.includes(id)) : contenders;
  const missing = all
    .map((contender) => ({ contender, hint: contender.missing?.() }))
    .filter(({ hint }) => hint !== undefined);
  const chosen = all.filter((each) => !missing.some(({ contender }) => contender === each));
  const ours = chosen.filter(({ role }) => role === 'breakwater');
  const compared = ours.length > 0 ? ours : breakwaters.slice(0, 1);
  const builds = others.flatMap((folder) => compared.map((contender) => otherBuild(contender, folder)));
  return { chosen: [...chosen, ...builds], missing };
}
