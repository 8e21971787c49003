/** The first text that a newcomer reads. Each printed command works when it is copied on its own. */
export function banner({ port, managementPort, ordersPort, token }) {
  const gateway = `http://127.0.0.1:${port}`;
  const management = `http://127.0.0.1:${managementPort}`;
  const orders = `http://127.0.0.1:${ordersPort}`;
  const bearer = `-H 'Authorization: Bearer ${token}'`;
  return `
Breakwater is ready, with two demo services behind it: users and orders.

  Gateway   ${gateway}
  Dashboard ${management}/
  Health    ${management}/health
  Metrics   ${management}/metrics
  Config    test/demo/gateway.yaml

  Demo token for the user alice, valid for 8 hours:
  ${token}

Five things to try in another terminal:

1. Send a request that the gateway forwards to the orders service:
curl -i ${bearer} ${gateway}/orders/1

2. Send a cached request. Run the command twice, and compare Cache-Status and the time:
curl -si -w '\\ntook %{time_total} s\\n' ${bearer} ${gateway}/users | grep -iE '^(http|cache-status|took)'

3. Send a request without a token. It gets 401:
curl -i ${gateway}/users

4. Stop the orders service. Its callers get the fallback until it restarts after 20 seconds:
curl -s -X POST ${orders}/_demo/stop; curl -i ${bearer} ${gateway}/orders/1

5. Show the health page with every service and its breaker. A few seconds after step 4, orders is degraded:
curl -s ${management}/health

Ctrl-C stops everything. The log of the gateway follows.
`;
}
