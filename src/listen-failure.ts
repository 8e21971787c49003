type ListenError = NodeJS.ErrnoException & { address?: string; hostname?: string; port?: number };

const HOSTS = 'server.host or management.host';

/**
 * Says in words why a port could not be listened on.
 * @returns `undefined` when `error` is about something else
 */
export function listenFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, address, hostname, port } = error as ListenError; // A look-up's and a socket's failure.
  if (syscall === 'getaddrinfo') {
    return `No address was found for ${hostname} (${code}). Set ${HOSTS} to an address of this machine, or to 0.0.0.0.`;
  }
  if (syscall !== 'listen') return undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${address} is in use. Stop what listens there, or set another server.port or management.port.`;
    case 'EACCES':
      return `Not allowed to listen on port ${port} of ${address}. Ports below 1024 need a privilege; choose a higher one.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address}. Set ${HOSTS} to one it has, or to 0.0.0.0.`;
    case 'EAFNOSUPPORT':
      return `This machine has no addresses of the kind of ${address}. Set ${HOSTS} to one it has, or to 0.0.0.0.`;
    case 'EINVAL':
      return `${address} cannot be listened on. A link-local address needs its interface, as in fe80::1%eth0; or set ${HOSTS} to another one.`;
    default:
      return `Cannot listen on port ${port} of ${address}: ${code}. Set another ${HOSTS}, server.port or management.port.`;
  }
}
