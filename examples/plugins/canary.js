import { definePlugin, z } from 'breakwater/plugin';

/** Sends requests with a header to the canary targets of an upstream, and all others to its stable ones. */
export default definePlugin({
  name: 'canary',
  options: z.strictObject({
    header: z.string().default('X-Canary'),
    /** URLs of targets, as the upstream has them. */
    targets: z.array(z.string()).min(1),
  }),
  balancer: ({ header, targets: canaries }) => {
    return (targets, call) => {
      const wantsCanary = call.header(header) === 'true';
      const fitting = targets.filter(({ url }) => canaries.includes(url) === wantsCanary);
      // The least busy canary. If there is none, the gateway chooses among the other targets.
      return fitting.toSorted((a, b) => a.inFlight / a.weight - b.inFlight / b.weight)[0];
    };
  },
});
