/** Paths that the gateway itself answers, on both of its ports. */
export const HEALTH_PAGES: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready']);
