import { stripVTControlCharacters } from 'node:util';
import { readEvents } from '../dashboard/event-reader.js';
import { addMessage, emptyPicture } from '../dashboard/picture.js';
import type { Connection } from '../dashboard/wire.js';
import { nodeFetch } from './node-fetch.js';
import { screen } from './screen.js';

export interface TopOptions {
  /** Of the management port. */
  readonly url: string;
  readonly token?: string;
  /** Prints the picture once. */
  readonly once?: boolean;
}

type Ending = Extract<Connection, { state: 'lost' | 'refused' }>;

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
/** And what a terminal in raw mode sends for Ctrl-C and Ctrl-D. */
const END_KEYS = ['q', 'Q', '\u0003', '\u0004'];
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Shows the state of a running gateway: live in a terminal, until `q` or Ctrl-C, and otherwise once.
 *
 * @returns why it cannot
 */
export async function top({ url, token, once }: TopOptions): Promise<string | undefined> {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    return `${JSON.stringify(url)} is no URL, such as http://127.0.0.1:9090`;
  const { stdin, stdout } = process;
  const isLive = stdout.isTTY && !once;
  const picture = emptyPicture();
  const stop = new AbortController();
  let connection: Connection = { state: 'connecting' };
  let failure: string | undefined;

  const draw = () => {
    if (!picture.gateway || stop.signal.aborted) return;
    // While nothing is heard, a countdown would pretend to know.
    const now = connection.state === 'live' ? Date.now() + picture.skew : picture.at;
    const lines = screen(picture, connection, now, { columns: stdout.columns, rows: stdout.rows });
    stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\n')}${CLEAR_BELOW}`);
  };
  const onKeys = (keys: Buffer) => {
    if (END_KEYS.some((key) => keys.includes(key))) stop.abort();
  };
  const onSignal = () => stop.abort();

  let timer: NodeJS.Timeout | undefined;
  if (isLive) {
    stdout.write(ENTER);
    stdout.on('resize', draw);
    if (stdin.isTTY) stdin.setRawMode(true).on('data', onKeys);
    timer = setInterval(draw, 1_000);
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  await readEvents({
    url: new URL('admin/events', url.endsWith('/') ? url : `${url}/`),
    signal: stop.signal,
    request: nodeFetch,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    onMessage(message) {
      addMessage(picture, message, Date.now());
      if (isLive) draw();
      else if (message.name === 'overview') stop.abort();
    },
    onConnection(next) {
      connection = next;
      // Nothing was shown yet: the address or the token is wrong.
      if ((next.state === 'lost' || next.state === 'refused') && !picture.gateway) {
        failure = failureOf(url, next);
        stop.abort();
      } else if (isLive) draw();
    },
  });
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  if (isLive) {
    clearInterval(timer);
    stdout.off('resize', draw).write(LEAVE);
    if (stdin.isTTY) stdin.off('data', onKeys).setRawMode(false).pause();
  } else if (failure === undefined && picture.gateway) {
    const lines = screen(picture, connection, picture.at);
    const text = `${lines.join('\n')}\n`;
    stdout.write(stdout.isTTY ? text : stripVTControlCharacters(text));
  }
  return failure;
}

function failureOf(url: string, ending: Ending): string {
  if (ending.state === 'lost')
    return `${url} does not answer: ${ending.detail}. Name the management port of a running gateway with --url.`;
  if (ending.status === 401) return `${url} wants its token: --token, or the variable ADMIN_TOKEN.`;
  if (ending.status === 404) return `${url} is no management port of Breakwater. Name it with --url.`;
  return `${url} answers with status ${ending.status}.`;
}
