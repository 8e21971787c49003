import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaultInjector } from './fault-injector.js';

/**
 * Lets `randomlyKillService` of the Artillery processor inject what is due: `POST /` answers with the time of the next
 * fault, as `{"nextAt":1700000000000}`, and without one when none is left.
 */
export async function serveFaults(injector: FaultInjector): Promise<{ url: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    request.resume();
    injector.injectDue();
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(injector.nextAt === Infinity ? {} : { nextAt: injector.nextAt }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // TCP, so never the name of a pipe.
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
