/** Everything goes to the upstream `users`, in one try: what becomes of it is what the client sees. */
export const ONE_ROUTE = `
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

/** The same for upstreams that fail in test after test: their breaker rejects nothing. */
export const ONE_ROUTE_NO_BREAKER = ONE_ROUTE.replace('url:', 'breaker: { mode: shadow }, url:');
