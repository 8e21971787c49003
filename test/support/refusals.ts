import { type Answer, answersIn, raw } from './http.js';

/**
 * Sends each request on a connection of its own and waits until the gateway has closed them all.
 *
 * @returns what came back, by the name of the request, where it was anything but one problem with the status that
 *   also closes the connection; so `{}` says that all were refused
 */
export async function notRefused(
  url: string,
  requests: Readonly<Record<string, string>>,
  status = 400,
): Promise<Record<string, string[]>> {
  const outcomes = Object.entries(requests).map(async ([name, bytes]): Promise<[string, string[]]> => {
    const answers = answersIn(await raw(url, bytes));
    return [name, answers.map((answer) => summaryOf(answer))];
  });
  return Object.fromEntries(
    (await Promise.all(outcomes)).filter(
      ([, got]) => got.length !== 1 || got[0] !== `${status} close application/problem+json`,
    ),
  );
}

function summaryOf({ status, headers }: Answer): string {
  return [status, headers['connection'], headers['content-type']].join(' ');
}
