// `npm run build` compiles src to dist and records what it was compiled from, so that no later command compiles it again.
import { build } from './lib/build.mjs';
import { runMain } from './lib/children.mjs';

await runMain(build);
