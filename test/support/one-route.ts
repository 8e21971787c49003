/** Everything goes to the upstream `users`, in one try: what becomes of it is what the client sees. */
export const ONE_ROUTE = `
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
