import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { composeDocument } from './compose-document.js';
import { parseText } from './parse-text.js';

/** What `TreeBuilder` reads of a node. */
function shapeOf(node: unknown): unknown {
  if (!isNode(node)) return { start: undefined, anchor: undefined, value: null };
  const start = node.range?.[0];
  const anchor = 'anchor' in node ? node.anchor : undefined;
  if (isAlias(node)) return { start, alias: node.source };
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => [shapeOf(key), shapeOf(value)]);
    return { start, anchor, entries };
  }
  if (isSeq(node)) return { start, anchor, items: node.items.map(shapeOf) };
  if (!isScalar(node)) return node;
  // Empty values stand where their keys do.
  return { start: node.value === null ? undefined : start, anchor, value: node.value };
}

function compose(text: string) {
  const lines = new LineCounter();
  const document = composeDocument(text, lines);
  return document && { nodes: shapeOf(document.contents), lines: lines.lineStarts };
}

/** What `yaml` makes of a text, or its faults. */
function parse(text: string) {
  const lineCounter = new LineCounter();
  const { contents, errors, warnings } = parseText(text, lineCounter);
  const faults = [...errors, ...warnings];
  return faults.length > 0 ? { faults } : { nodes: shapeOf(contents), lines: lineCounter.lineStarts };
}

const TEXT = `# A gateway with most of what a file can contain.
server: { host: 127.0.0.1, port: 8080 } # comment
shared: &shared
  timeout: 3s
  'statuses': [503, 0x1F, 0o17, -1, +2, 1.5, .5, 1e3, .inf, -.INF, .NaN]
  "none": ~
  empty:
upstreams:
  users:
    <<: *shared
    url: http://users:3001/a#b
    flags: [true, False, NULL, no, 012, 1_000, "1", '', "\\u00e9\\n"]
  orders: *shared
routes:
- id: users
  match: { path: /users/**, methods: [GET, 'POST'] }
-   id: orders
    text: |
      one
        two

    folded: >- # why
      three
      four

      five
    plain: text over
      two lines
    quoted: "over
      two lines"
    list:
      - - nested
        - &second 2
      - *second
      - { a: 1, b, c: }
`;

/** Pieces that change the meaning of what stands around them. */
const PIECES =
  '\n|  | |\t|\r\n|\r|: |:|- |-|? |#| #|&a |*shared|!|!!str |>+\n|"|{|}|[|]|,|%|@|`|---\n|...\n|\\|\u0007|é|<<: 1\n'
    .split('|')
    .concat('|\n', "'");

describe('composeDocument', () => {
  it('makes what yaml makes of a file with most of what a file can contain', () => {
    expect(compose(TEXT)).toEqual(parse(TEXT));
    const json = JSON.stringify(parseDocument(TEXT).toJS(), undefined, 2);
    expect(compose(json)).toEqual(parse(json));
  });

  it('makes what yaml makes of a text, or nothing', () => {
    const lines = TEXT.split('\n');
    const part = fc
      .tuple(fc.nat(lines.length - 1), fc.integer({ min: 1, max: 12 }))
      .map(([from, count]) => lines.slice(from, from + count).join('\n'));
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      removed: fc.nat(3),
      piece: fc.constantFrom('', ...PIECES),
    });
    const text = fc.tuple(part, fc.array(change, { maxLength: 3 })).map(([whole, changes]) =>
      changes.reduce((each, { at, removed, piece }) => {
        const index = Math.floor(at * each.length);
        return each.slice(0, index) + piece + each.slice(index + removed);
      }, whole),
    );
    let composed = 0;
    fc.assert(
      fc.property(text, (each) => {
        const result = compose(each);
        if (!result) return;
        composed++;
        expect(result).toEqual(parse(each));
      }),
      { numRuns: 3_000 },
    );
    expect(composed).toBeGreaterThan(300);
  });

  it.each([
    ['a tag', 'a: !!str 1'],
    ['a directive', '%YAML 1.1\n---\na: no'],
    ['a second document', 'a: 1\n---\nb: 2'],
    ['a list as a key', '? [a]\n: 1'],
    ['an empty list item', 'a:\n  -\n  - 1'],
    ['a closing bracket that is not indented', 'a: [\n  1\n]'],
    ['a control character', 'a: "\u0007"'],
    ['a single value', 'a'],
    ['nothing', ''],
  ])('leaves %s to yaml', (_, text) => {
    expect(compose(text)).toBeUndefined();
  });
});
