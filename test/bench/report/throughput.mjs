import { median, spread } from './statistics.mjs';

/**
 * @typedef {import('../load/closed-loop.mjs').Load & { cpuSeconds?: number, othersShare?: number }} Round CPU time of the contender, and
 *   which share of its core others took
 * @typedef {{ contender: import('../contenders/index.mjs').Contender, rounds: Round[] }} Result
 */

/** Below this share of an undisturbed core, a contender was not the bottleneck. */
const saturatedFrom = 0.9;
/** Above this share of the core for other processes, the figures of a contender are void. */
export const quietUpTo = 0.05;

/**
 * Ratios are taken within each round and their median is reported: what disturbs the machine for a while disturbs
 * neighbours alike.
 * @param {Result[]} results
 */
export function summarise(results) {
  const ceiling = results.find(({ contender }) => contender.role === 'ceiling');
  const peers = results.filter(({ contender }) => contender.role === 'peer' && contender.forwards);
  const bestPeer = peers.toSorted((a, b) => medianRate(b) - medianRate(a))[0];
  const constant = results.find(({ contender }) => contender.role === 'constant');
  const rows = results.map((result) => {
    const { contender, rounds } = result;
    const ratios = (reference) =>
      reference ? rounds.map((round, i) => rate(round) / rate(reference.rounds[i])) : [NaN];
    const of = (reference) => median(ratios(reference));
    return {
      id: contender.id,
      title: contender.title,
      role: contender.role,
      requestsPerSecond: medianRate(result),
      rates: spread(rounds.map(rate)),
      ofCeiling: of(ceiling),
      ofBestPeer: of(bestPeer),
      /** The lowest and highest value of all rounds, which show whether a small difference is significant. */
      ofBestPeerRange: [Math.min(...ratios(bestPeer)), Math.max(...ratios(bestPeer))],
      ofConstant: of(constant),
      p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
      cpuMicrosPerRequest: median(rounds.map(({ cpuSeconds, requests }) => (cpuSeconds * 1e6) / requests)),
      /** Shares of the contender's core. */
      busy: median(rounds.map(({ cpuSeconds, seconds }) => cpuSeconds / seconds)),
      disturbed: Math.max(...rounds.map(({ othersShare }) => othersShare)),
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    };
  });
  return { bestPeer: bestPeer?.contender.title, rows };
}

/** @param {ReturnType<typeof summarise>} summary @returns {string[]} notes for the reader of the table */
export function notes({ bestPeer, rows }) {
  const lines = bestPeer ? [`The best npm peer is ${bestPeer}. Ratios are medians of the rounds.`] : [];
  const own = rows.find(({ id }) => id === 'breakwater');
  if (own && bestPeer) {
    const [least, most] = own.ofBestPeerRange;
    lines.push(
      `${own.title} made ${number(least, 2)} to ${number(most, 2)} of its requests, round by round.`,
    );
  }
  const cached = rows.find(({ id }) => id === 'breakwater-cached');
  if (Number.isFinite(cached?.ofConstant)) {
    lines.push(
      `${cached.title} reaches ${number(cached.ofConstant, 2)} of a Nest handler with one guard and one interceptor that answers a constant.`,
    );
  }
  for (const { title, busy, disturbed } of rows) {
    if (busy + disturbed < saturatedFrom) {
      lines.push(`${title} used ${percent(busy)} of its core: something else set the pace, it can do more.`);
    }
  }
  const disturbed = Math.max(...rows.map((row) => row.disturbed));
  if (disturbed > quietUpTo) {
    lines.push(
      `Other work took up to ${percent(disturbed)} of the contenders' core: run again when it is quiet.`,
    );
  }
  return lines;
}

const rate = ({ requests, seconds }) => requests / seconds;
const medianRate = ({ rounds }) => median(rounds.map(rate));
const number = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const percent = (share) => `${Math.round(share * 100)}%`;
