import { formatDuration, formatSize } from '../../common/units.js';
import type { AccessConfig, CorsConfig, GatewayConfig, RouteConfig } from '../config/gateway-config.js';

type Rule = readonly [stage: string, text: string];

/** @returns what comes before authentication, in words */
export function explainRules({ server }: GatewayConfig, route: RouteConfig): Rule[] {
  const rules: Rule[] = [
    ['cors', corsOf(route.cors ?? server.cors)],
    ['access', [server.access, route.access].map(accessOf).filter(Boolean).join(' ')],
    ['maintenance', maintenanceOf(route)],
    ['limits', limitsOf(route)],
  ];
  return rules.filter(([, text]) => text !== '');
}

/** @returns what becomes of a preflight that the gateway answers */
export function explainPreflight(cors: CorsConfig): Rule[] {
  return [['cors', `The gateway answers this preflight. ${corsOf(cors)}`]];
}

function corsOf({ origins }: CorsConfig): string {
  if (origins.length === 0) return '';
  return `Pages of ${origins.includes('*') ? 'every origin' : origins.join(', ')} can call.`;
}

function maintenanceOf({ maintenance }: RouteConfig): string {
  if (!maintenance) return '';
  return `Every request is answered with 503 maintenance, to be repeated in ${formatDuration(maintenance.retryAfter)}.`;
}

function accessOf(access: AccessConfig | undefined): string {
  const { allow = [], deny = [] } = access ?? {};
  if (allow.length === 0 && deny.length === 0) return '';
  const from = allow.length > 0 ? `From ${allow.join(', ')} only` : 'From everywhere';
  const except = deny.length > 0 ? ` except ${deny.join(', ')}` : '';
  return `${from}${except}: others get 403 address_denied.`;
}

function limitsOf({ limits = {} }: RouteConfig): string {
  const { maxHeaderBytes, maxQueryBytes, maxQueryParameters, contentTypes } = limits;
  const most = [
    maxHeaderBytes !== undefined && `${formatSize(maxHeaderBytes)} of head`,
    maxQueryBytes !== undefined && `${formatSize(maxQueryBytes)} of query`,
    maxQueryParameters !== undefined && `${maxQueryParameters} query parameters`,
  ].filter(Boolean);
  return [
    most.length > 0 && `At most ${most.join(', ')}.`,
    contentTypes && `Bodies of ${contentTypes.join(', ')} only.`,
  ]
    .filter(Boolean)
    .join(' ');
}
