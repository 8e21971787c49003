/** FIN and the opcode of a close frame (RFC 6455 section 5.5.1). */
const CLOSE = 0x88;
const MASKED = 0x80;

/**
 * @param code status code (RFC 6455 section 7.4)
 * @param reason at most 123 bytes
 * @param mask four bytes, for a frame of a client
 */
export function closeFrame(code: number, reason: string, mask?: Uint8Array): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  if (!mask) return Buffer.concat([Buffer.from([CLOSE, payload.length]), payload]);
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([Buffer.from([CLOSE, MASKED | payload.length]), mask, payload]);
}
