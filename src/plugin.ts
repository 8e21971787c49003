/** What plugins need of the gateway; it loads nothing of Nest. */
export { z } from 'zod';
export { definePlugin } from './modules/config/plugins/define-plugin.js';
export type * from './modules/config/plugins/plugin.types.js';
