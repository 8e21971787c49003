// @ts-check

/** @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/**
 * Of the day, and with its date when that is not today.
 *
 * @param {number} at
 * @param {number} now
 */
export function clockTime(at, now) {
  const [then, today] = [new Date(at), new Date(now)];
  const time = [then.getHours(), then.getMinutes(), then.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  if (then.toDateString() === today.toDateString()) return time;
  return `${then.getDate()} ${then.toLocaleString('en', { month: 'short' })} ${time}`;
}

/** @param {number} n */
export function whole(n) {
  return Math.round(n).toLocaleString('en');
}

/**
 * Per second.
 *
 * @param {number} n
 */
export function rate(n) {
  return n > 0 && n < 10 ? n.toFixed(1) : whole(n);
}

/**
 * A share in percent. Something is never shown as nothing, and nothing else as everything.
 *
 * @param {number} part
 * @param {number} all
 */
export function share(part, all) {
  if (all === 0) return '–';
  const percent = (part / all) * 100;
  if (percent === 0 || percent === 100) return `${percent}%`;
  if (percent < 0.1) return '<0.1%';
  if (percent > 99.9) return '>99.9%';
  return percent < 10 ? `${percent.toFixed(1)}%` : `${Math.min(99, Math.round(percent))}%`;
}

/** @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (ms === undefined || ms === null) return '–';
  if (ms < 1_000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

/**
 * @param {number} n
 * @param {string} noun
 */
export function count(n, noun) {
  return `${whole(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/**
 * Characters that reverse, hide or break a line become visible, so that a name cannot pretend to be another text.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
