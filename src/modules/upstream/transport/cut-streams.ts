import { subscribe } from 'node:diagnostics_channel';
import type { ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** On the sockets of upstreams: nobody else's streams are touched. */
const WATCHED = Symbol('watched');

let watching = false;

/**
 * To undici an HTTP/2 answer is complete at the `end` of its stream, and Node ends a stream that was reset with
 * `NO_ERROR` or `CANCEL` as if its last frame had come. Half an answer would be a whole one to the client. Over these
 * connections such a stream closes without an end, which undici knows for a failure.
 *
 * @param connect makes the connections of a pool that speaks HTTP/2
 */
export function failCutStreams(connect: buildConnector.connector): buildConnector.connector {
  if (!watching) subscribe('http2.client.stream.created', onCreated);
  watching = true;
  return (to, done) =>
    connect(to, (...result) => {
      if (result[1]) Object.assign(result[1], { [WATCHED]: true });
      done(...result);
    });
}

function onCreated(message: unknown): void {
  // What Node documents for this channel.
  const { stream } = message as { stream: ClientHttp2Stream };
  // A proxy of the socket, which passes its properties on.
  const socket: (Socket & { [WATCHED]?: true }) | undefined = stream.session?.socket;
  if (!socket?.[WATCHED]) return;
  const push = stream.push.bind(stream);
  let complete = false;
  stream.push = (chunk, encoding) => {
    if (chunk === null && !complete) {
      if (stream.closed) {
        // Later: Node is not done with closing it. To be destroyed means to be pushed another end.
        if (!stream.destroyed) process.nextTick(() => stream.destroy());
        return false;
      }
      // The last frame (RFC 9113 section 8.1). What comes after it changes nothing.
      complete = true;
    }
    return push(chunk, encoding);
  };
}
