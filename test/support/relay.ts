import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes bytes on, until it is told to swallow them. */
export interface Relay {
  readonly server: Server;
  /** How many connections it has had. */
  connections: number;
  /** From now on nothing of the present connections arrives anywhere, nor do they end: the cable is cut. */
  cut(): void;
}

/** @param to where it passes them to */
export function relay(to: string): Relay {
  const { hostname, port } = new URL(to);
  const passing = new Set<Socket>();
  const server = createServer((near) => {
    result.connections++;
    const far = connect(Number(port), hostname);
    passing.add(near);
    const pass = (from: Socket, other: Socket) =>
      from
        .on('error', () => undefined)
        .on('data', (chunk) => passing.has(near) && other.write(chunk))
        .on('close', () => passing.has(near) && other.destroy());
    pass(near, far);
    pass(far, near);
    server.once('close', () => far.destroy());
  });
  const result: Relay = { server, connections: 0, cut: () => passing.clear() };
  return result;
}
