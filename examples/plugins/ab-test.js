import { randomInt } from 'node:crypto';
import { definePlugin, z } from 'breakwater/plugin';

/** Puts each browser into one of several groups, tells the upstream, and remembers the group in a cookie. */
export default definePlugin({
  name: 'ab-test',
  options: z.strictObject({
    cookie: z.string().default('ab'),
    header: z.string().default('X-Group'),
    groups: z.array(z.string().regex(/^\w+$/)).min(2),
    days: z.number().int().min(1).default(30),
  }),
  hooks: ({ cookie, header, groups, days }) => {
    /** Groups of requests that have come without a cookie. */
    const chosen = new WeakMap();
    return {
      onRequest(request) {
        let group = groups.find((each) => each === valueOf(request.headers.cookie, cookie));
        if (group === undefined) {
          group = groups[randomInt(groups.length)] ?? '';
          chosen.set(request, group);
        }
        return { headers: { [header]: group } };
      },
      onResponse({ headers }, request) {
        const group = chosen.get(request);
        if (group === undefined) return undefined;
        const line = `${cookie}=${group}; Path=/; Max-Age=${days * 86_400}; Secure; HttpOnly; SameSite=Lax`;
        return { headers: { 'set-cookie': [headers['set-cookie'] ?? [], line].flat() } };
      },
    };
  },
});

/** @returns the value of a cookie */
function valueOf(field, name) {
  const pair = String(field ?? '')
    .split(/;\s*/)
    .find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}
