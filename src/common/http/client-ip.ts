/**
 * Where a request comes from: the peer, or, as long as the one before is trusted, whom it names in
 * `X-Forwarded-For`, read from the right. What stands further left is anybody's claim.
 */
export function clientIp(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  if (forwardedFor === undefined || !isTrusted(peer)) return peer;
  let client = peer;
  for (const each of forwardedFor.split(',').toReversed()) {
    client = each.trim();
    if (!isTrusted(client)) break;
  }
  return client === '' ? peer : client;
}
