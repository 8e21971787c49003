/** Light and dark, wide and narrow. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #5c6675; --faint: #d9dee5;
  --good: #1f7a4d; --bad: #b3261e; --good-back: #e3f4ea; --bad-back: #fbe6e4;
  --proxied: #3a7ebf; --cached: #9cc9ec; --stale: #e9b949; --fallback: #e58a3c; --rejected: #a768c0;
  --failed: #d64545; --none: #7a1f2b; --shade: #d645451c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2028; --ink: #e4e8ee; --soft: #9aa5b4; --faint: #323b47;
    --good: #6fd09b; --bad: #ff8a80; --good-back: #16342a; --bad-back: #402022;
    --proxied: #4f94d6; --cached: #2f5f88; --stale: #d8ab45; --fallback: #d97f38; --rejected: #b583cc;
    --failed: #e06666; --none: #ff5a6e; --shade: #ff6b6b22;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 24px 40px; }
h1 { margin: 0 0 10px; font-size: 26px; }
h2 { margin: 30px 0 10px; font-size: 18px; }
.verdict { display: inline-block; margin: 0 0 8px; padding: 6px 14px; border-radius: 8px; font-size: 18px; font-weight: 600; }
.verdict.held { background: var(--good-back); color: var(--good); }
.verdict.failed { background: var(--bad-back); color: var(--bad); }
.facts, footer { margin: 4px 0; color: var(--soft); }
.warning { color: var(--bad); font-weight: 600; }
table { width: 100%; border-collapse: collapse; background: var(--card); border-radius: 10px; overflow: hidden; }
th, td { padding: 7px 12px; border-bottom: 1px solid var(--faint); text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: 13px; font-weight: 600; }
tr:last-child td { border-bottom: 0; }
.objectives td:nth-child(3) { font-variant-numeric: tabular-nums; }
.objectives td:nth-child(4) { color: var(--soft); }
.mark { width: 1.5em; font-weight: 700; text-align: center; }
.held .mark { color: var(--good); }
.failed .mark, .not-measured .mark, .failed td:nth-child(3), .not-measured td:nth-child(3) { color: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 10px; padding: 0; list-style: none; color: var(--soft); font-size: 13px; }
.key { display: inline-block; width: 12px; height: 12px; margin-right: 6px; border-radius: 3px; vertical-align: -1px; background: currentColor; }
.key.p50, .key.p99 { height: 3px; vertical-align: 4px; border-radius: 0; }
.proxied { color: var(--proxied); fill: var(--proxied); } .cached { color: var(--cached); fill: var(--cached); }
.stale { color: var(--stale); fill: var(--stale); } .fallback { color: var(--fallback); fill: var(--fallback); }
.rejected { color: var(--rejected); fill: var(--rejected); } .failed rect, rect.failed, .key.failed { color: var(--failed); fill: var(--failed); }
.none { color: var(--none); fill: var(--none); }
.key.stall { color: var(--soft); } .key.breaker-open { color: var(--failed); } .key.breaker-half-open { color: var(--stale); }
.key.p50, .p50 { color: var(--proxied); stroke: var(--proxied); } .key.p99, .p99 { color: var(--fallback); stroke: var(--fallback); }
.charts { overflow-x: auto; background: var(--card); border-radius: 10px; }
.charts svg { display: block; width: 100%; min-width: 820px; padding: 14px 18px; }
.charts table { min-width: 640px; }
svg text { fill: var(--ink); font: 11px system-ui, sans-serif; }
svg .section { font-size: 13px; font-weight: 600; }
svg .name { text-anchor: end; font-weight: 600; }
svg .unit { text-anchor: end; fill: var(--soft); font-size: 10px; }
svg .time { text-anchor: middle; fill: var(--soft); }
svg .scale { fill: var(--soft); font-size: 9px; }
svg .caption { fill: var(--soft); font-size: 9.5px; }
svg .beside { fill: var(--soft); }
svg .inside { fill: #fff; font-weight: 600; }
svg .limit-label { fill: var(--bad); font-size: 10px; paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.tick, .lane, .mark { stroke: var(--faint); } .base { stroke: var(--soft); stroke-opacity: .4; }
.limit { stroke: var(--bad); stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; } .own { stroke: var(--soft); }
.shade { fill: var(--shade); } .stall { fill: var(--soft); }
.fault.service { fill: #b4443c; } .fault.redis { fill: #7d5ba6; }
.breaker.open { fill: var(--failed); } .breaker.half-open { fill: var(--stale); }
footer { margin-top: 24px; font-size: 13px; }
code { padding: 2px 6px; border-radius: 5px; background: var(--card); color: var(--ink); }
@media (max-width: 640px) {
  main { padding: 18px 12px 28px; }
  .objectives thead { display: none; }
  .objectives tr { display: grid; grid-template-columns: 2em 1fr; padding: 6px 0; border-bottom: 1px solid var(--faint); }
  .objectives td { border: 0; padding: 1px 8px; grid-column: 2; }
  .objectives td.mark { grid-column: 1; grid-row: 1; }
  .objectives td:nth-child(4)::before { content: 'Limit: '; }
}
`;
