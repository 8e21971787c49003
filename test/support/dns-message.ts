/** The answer for a name: its IPv4 addresses (possibly none), an error, or no answer at all. */
export type NameAnswer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

const RCODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const;
const TYPE_A = 1;

/** @returns the name in a question, in lower case, and whether its IPv4 addresses are asked for */
export function readQuestion(question: Buffer): {
  readonly name: string;
  readonly isA: boolean;
  readonly end: number;
} {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 1;
  return { name: labels.join('.').toLowerCase(), isA: question.readUInt16BE(end) === TYPE_A, end };
}

/** @returns the response to a question, with a TTL of 0 */
export function answerTo(question: Buffer, answer: NameAnswer): Buffer | undefined {
  if (answer === 'silence') return undefined;
  const { isA, end } = readQuestion(question);
  const head = Buffer.from(question.subarray(0, 12));
  const records = isA && typeof answer === 'object' ? answer.map(addressRecord) : [];
  // The flags of a response with recursion available.
  head.writeUInt16BE(0x8180 | (typeof answer === 'string' ? RCODES[answer] : 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, question.subarray(12, end + 4), ...records]);
}

function addressRecord(address: string): Buffer {
  // A pointer to the name in the question, type A, class IN, TTL 0 and a length of four bytes.
  return Buffer.concat([
    Buffer.from('c00c00010001000000000004', 'hex'),
    Buffer.from(address.split('.').map(Number)),
  ]);
}
