/** The part of the public surface that checks configurations, for tools and pipelines: it loads nothing of Nest. */
export type { GatewayConfig } from './modules/config/gateway-config.js';
export { type ConfigSource, type LoadedConfig, loadConfigFile } from './modules/config/load-config-file.js';
export { type ConfigResult, parseConfig } from './modules/config/parse-config.js';
export { type ConfigPath, type ConfigProblem, formatProblems } from './modules/config/problem.js';
export type { LintWarning } from './modules/config/lints/lint.js';
