/** Everything goes to the upstream `users`. */
export const ONE_ROUTE = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
