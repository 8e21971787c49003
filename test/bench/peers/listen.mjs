/** Listens on a free port, with the idle timeout that Breakwater has, and prints the port as a JSON line. */
export function listen(server) {
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
}
