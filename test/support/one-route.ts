/** Every request goes to the upstream `users` in a single try, so that the client sees its outcome. */
export const ONE_ROUTE = `
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

/** The same with a breaker that rejects nothing, for upstreams that fail in test after test. */
export const ONE_ROUTE_NO_BREAKER = ONE_ROUTE.replace('url:', 'breaker: { mode: shadow }, url:');
