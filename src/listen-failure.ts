type ListenError = NodeJS.ErrnoException & { address?: string; hostname?: string; port?: number };

const HOSTS = 'server.host or management.host';

/**
 * Explains why the gateway could not listen on a port.
 * @returns `undefined` when `error` has another cause
 */
export function listenFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, address, hostname, port } = error as ListenError; // Errors of DNS lookups and of sockets.
  if (syscall === 'getaddrinfo') {
    return `No address was found for ${hostname} (${code}). Set ${HOSTS} to an address of this machine, or to 0.0.0.0.`;
  }
  // Workers bind and listen in two steps.
  if (syscall !== 'listen' && syscall !== 'bind') return undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${address} is in use. Stop what listens there, or set another server.port or management.port.`;
    case 'EACCES':
      return `The gateway is not allowed to listen on port ${port} of ${address}. Ports below 1024 need a privilege; choose a higher port.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address}. Set ${HOSTS} to one it has, or to 0.0.0.0.`;
    case 'EAFNOSUPPORT':
      return `This machine does not support the address family of ${address}. Set ${HOSTS} to one it has, or to 0.0.0.0.`;
    case 'EINVAL':
      return `The gateway cannot listen on ${address}. A link-local address needs its interface, such as fe80::1%eth0. Or set ${HOSTS} to another address.`;
    default:
      return `The gateway cannot listen on port ${port} of ${address}: ${code}. Set another ${HOSTS}, server.port or management.port.`;
  }
}
