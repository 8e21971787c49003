import {
  type AliasEvent,
  boolCoreTag,
  type Event,
  EVENT_ID,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  type MappingEvent,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
  YAMLException,
} from 'js-yaml';
import {
  Alias,
  Document,
  isCollection,
  type LineCounter,
  type Node,
  Pair,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from 'yaml';

type Anchored = Pick<AliasEvent, 'anchorStart' | 'anchorEnd'>;

/** Text that the two libraries can read in different ways: directives, ends of documents, tabs, odd and escaped line breaks. */
const UNUSUAL_TEXT = /^ *%|^ +---|^\.\.\.|[\t\uFEFF]|\r(?!\n)|\\\r?$/m;
/** What plain text can be in the core schema of YAML 1.2, other than text, and how that begins. */
const PLAIN_TAGS = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag];
const PLAIN_START = /^[-+.~\dntf]/i;
/** With what plain text must not begin. `js-yaml` lets some of it pass. */
const NO_PLAIN_START = /^[[\]{},]/;
/** The start of a block of text, at the end of its line. */
const BLOCK_HEADER = /[|>][-+\d]*(?: +#.*)?\s*$/;

/** A text that is read by `yaml` alone. */
class UnusualTextError extends Error {}

/**
 * Makes the document that `parseDocument` of `yaml` would make, in a fraction of its time, from the events of `js-yaml`. Only
 * the starts of the ranges of its nodes are set.
 *
 * @param lines gets the lines of the text
 * @returns `undefined` for a text that has faults, or something that few texts have: `yaml` knows how to describe the former,
 *   and allows more than `js-yaml`, such as a closing bracket in the column in which its line began
 */
export function composeDocument(text: string, lines: LineCounter): Document | undefined {
  if (UNUSUAL_TEXT.test(text)) return undefined;
  const document = new Document(null);
  try {
    document.contents = new Composer(text, parseEvents(text, {})).contents();
  } catch (error) {
    if (error instanceof UnusualTextError || error instanceof YAMLException) return undefined;
    throw error;
  }
  for (let start = 0; start >= 0; start = text.indexOf('\n', start) + 1 || -1) lines.addNewLine(start);
  return document;
}

/** Makes nodes of the events of one document. */
class Composer {
  /** The index of the event that comes next. */
  private next = 0;

  constructor(
    private readonly text: string,
    private readonly events: readonly Event[],
  ) {}

  /** @throws UnusualTextError */
  contents(): Node {
    this.take();
    const node = this.node(this.take());
    const isWhole = this.isAtEnd() && this.next === this.events.length;
    if (!isWhole || !isCollection(node)) throw new UnusualTextError();
    return node;
  }

  private node(event: Event): Node {
    switch (event.type) {
      case EVENT_ID.MAPPING:
        return this.map(event);
      case EVENT_ID.SEQUENCE:
        return this.seq(event);
      case EVENT_ID.SCALAR:
        return named(this.text, event, this.scalar(event));
      case EVENT_ID.ALIAS:
        return startingAt(event.anchorStart - 1, new Alias(anchorOf(this.text, event)));
      default:
        throw new UnusualTextError();
    }
  }

  private map(event: MappingEvent): Node {
    const map = startingAt(event.start, named(this.text, event, new YAMLMap()));
    while (!this.isAtEnd()) {
      const key = this.take();
      if (key.type !== EVENT_ID.SCALAR || key.valueStart < 0 || key.anchorStart >= 0)
        throw new UnusualTextError();
      const name = new Scalar(textOf(this.text, key));
      map.items.push(new Pair(startingAt(startOf(this.text, key), name), this.node(this.take())));
    }
    return map;
  }

  private seq(event: SequenceEvent): Node {
    const seq = startingAt(event.start, named(this.text, event, new YAMLSeq()));
    while (!this.isAtEnd()) {
      const item = this.take();
      // An empty item has no place that the events tell.
      if (item.type === EVENT_ID.SCALAR && item.valueStart < 0) throw new UnusualTextError();
      seq.items.push(this.node(item));
    }
    return seq;
  }

  private scalar(event: ScalarEvent): Scalar {
    if (event.valueStart < 0) return new Scalar(null);
    return startingAt(startOf(this.text, event), new Scalar(valueOf(this.text, event)));
  }

  private take(): Event {
    const event = this.events[this.next++];
    if (!event || ('tagStart' in event && event.tagStart >= 0)) throw new UnusualTextError();
    return event;
  }

  /** Passes the end of a list, a mapping or the document if that comes next. */
  private isAtEnd(): boolean {
    const isAtEnd = this.events[this.next]?.type === EVENT_ID.POP;
    if (isAtEnd) this.next++;
    return isAtEnd;
  }
}

/** What the core schema of YAML 1.2 makes of a scalar. */
function valueOf(text: string, event: ScalarEvent): unknown {
  const value = textOf(text, event);
  if (event.style !== SCALAR_STYLE.PLAIN || !PLAIN_START.test(value)) return value;
  for (const tag of PLAIN_TAGS) {
    const resolved: unknown = tag.resolve(value, false, tag.tagName);
    if (resolved !== NOT_RESOLVED) return resolved;
  }
  return value;
}

function textOf(text: string, event: ScalarEvent): string {
  const value = getScalarValue(text, event);
  if (event.style === SCALAR_STYLE.PLAIN && NO_PLAIN_START.test(value)) throw new UnusualTextError();
  return value;
}

/** The offset of a scalar, whose quotes or whose | or > are not part of its value. */
function startOf(text: string, { style, valueStart }: ScalarEvent): number {
  switch (style) {
    case SCALAR_STYLE.PLAIN:
      return valueStart;
    case SCALAR_STYLE.SINGLE_QUOTED:
    case SCALAR_STYLE.DOUBLE_QUOTED:
      return valueStart - 1;
    default: {
      const line = text.lastIndexOf('\n', valueStart - 2) + 1;
      return line + text.slice(line, valueStart).search(BLOCK_HEADER);
    }
  }
}

function startingAt<T extends Node>(offset: number, node: T): T {
  node.range = [offset, offset, offset];
  return node;
}

function named<T extends Scalar | YAMLMap | YAMLSeq>(text: string, event: Anchored, node: T): T {
  if (event.anchorStart >= 0) node.anchor = anchorOf(text, event);
  return node;
}

function anchorOf(text: string, { anchorStart, anchorEnd }: Anchored): string {
  const name = text.slice(anchorStart, anchorEnd);
  // To `yaml`, a colon at the end of a name is no part of it.
  if (name.includes(':')) throw new UnusualTextError();
  return name;
}
