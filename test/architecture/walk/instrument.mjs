// Loaded with `--import`: notes every entry of a function under dist/, so that a walk through the code can be listed.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const dist = new URL('../../../dist/', import.meta.url).href;
/** Files of the functions on the stack. */
const stack = [];

/** Files in the order they are entered, while `isRecording`; a callback into a file that is still on the stack is no entry. */
export const walk = { isRecording: false, entries: [] };

globalThis.__enter = (file) => {
  if (walk.isRecording && !stack.includes(file)) walk.entries.push(file);
  stack.push(file);
};
globalThis.__resume = (file) => stack.push(file);
globalThis.__leave = () => stack.pop();

registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith(dist)) return nextLoad(url, context);
    const source = readFileSync(fileURLToPath(url), 'utf8');
    const file = url.slice(dist.length).replace(/\.js$/, '.ts');
    return { format: 'module', shortCircuit: true, source: instrument(source, file) };
  },
});

/** @returns the source with every function but constructors and generators saying when it is entered and left */
function instrument(source, file) {
  const inserts = [];
  const visit = (node) => {
    const { body } = node;
    const enter = `globalThis.${isContinuation(node) ? '__resume' : '__enter'}(${JSON.stringify(file)});`;
    if (ts.isFunctionLike(node) && body && !node.asteriskToken && !ts.isConstructorDeclaration(node)) {
      const isAsync = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
      if (!ts.isBlock(body)) {
        if (!isAsync)
          wrap(
            body.getStart(),
            body.end,
            `(()=>{${enter}try{return (`,
            ');}finally{globalThis.__leave();}})()',
          );
      } else if (isAsync) {
        // What follows the first `await` runs on another stack.
        const after = '})();}finally{globalThis.__leave();}return await __result;';
        wrap(body.getStart() + 1, body.end - 1, `${enter}let __result;try{__result=(async()=>{`, after);
      } else {
        wrap(body.getStart() + 1, body.end - 1, `${enter}try{`, '\n}finally{globalThis.__leave();}');
      }
    }
    ts.forEachChild(node, visit);
  };
  const wrap = (start, end, before, after) => inserts.push([start, before], [end, after]);
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true));
  let instrumented = source;
  for (const [at, text] of inserts.toSorted(([a], [b]) => b - a)) {
    instrumented = instrumented.slice(0, at) + text + instrumented.slice(at);
  }
  return instrumented;
}

/** @returns whether a function goes on with the one that it is written in, as the callback of a promise does */
function isContinuation({ parent }) {
  return (
    parent &&
    ts.isCallExpression(parent) &&
    ['then', 'catch', 'finally'].includes(parent.expression.name?.text)
  );
}
