import { createHmac } from 'node:crypto';
import { definePlugin, z } from 'breakwater/plugin';

/**
 * Signs requests, so that an upstream accepts only requests of the gateway: HMAC-SHA256 over the time, the
 * method, the path with its query, and the user.
 */
export default definePlugin({
  name: 'signed-request',
  options: z.strictObject({
    secret: z.string().min(32),
    header: z.string().default('X-Signature'),
  }),
  hooks: ({ secret, header }) => ({
    onRequest({ method, path, query, identity }) {
      const time = Math.floor(Date.now() / 1000);
      const text = [time, method, path + query, identity?.subject ?? ''].join('\n');
      const signature = createHmac('sha256', secret).update(text).digest('hex');
      return { headers: { [header]: `t=${time},v1=${signature}` } };
    },
  }),
});
