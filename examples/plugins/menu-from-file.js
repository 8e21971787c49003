import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { definePlugin, z } from 'breakwater/plugin';

const menuSchema = z.strictObject({ dishes: z.array(z.object({ name: z.string(), price: z.number() })) });

/** Answers with yesterday's menu from a JSON file beside the configuration while the menu service is away. */
export default definePlugin({
  name: 'menu-from-file',
  options: z.strictObject({ file: z.string() }),
  fallback: ({ file }, { folder }) => {
    const { dishes } = menuSchema.parse(JSON.parse(readFileSync(resolve(folder, file), 'utf8')));
    return (_failure, { method, path }) => {
      // Orders must not appear to be accepted.
      if (method !== 'GET' && method !== 'HEAD') return undefined;
      return {
        status: 200,
        headers: { 'Cache-Control': 'max-age=30', Warning: '110 - "Response is Stale"' },
        body: { path, dishes, isCurrent: false },
      };
    };
  },
});
