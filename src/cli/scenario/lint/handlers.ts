/** Handlers: that they are functions, and that the event is one that its object has. */
import type { AnyNode, CallExpression } from 'acorn';
import type { Facts } from './facts.ts';
import { type Kinds, listenedEvent } from './kinds.ts';
import { isFunction, memberName, type Script } from './script.ts';

const TIMERS = new Set(['setTimeout', 'setInterval']);

export function checkHandlers(script: Script, facts: Facts, kinds: Kinds): void {
  for (const node of script.nodes) {
    if (node.type !== 'CallExpression') continue;
    const { callee } = node;
    if (callee.type === 'Identifier' && TIMERS.has(callee.name)) checkHandler(node, 0, script, facts, kinds);
    if (callee.type !== 'MemberExpression' || memberName(callee) !== 'addEventListener') continue;
    const owner = ownerOf(callee.object as AnyNode, facts, kinds);
    if (owner === undefined && listenedEvent(node) === undefined) continue;
    checkHandler(node, 1, script, facts, kinds);
    if (owner !== undefined) checkEvent(node, owner, script, facts);
  }
}

function ownerOf(object: AnyNode, facts: Facts, kinds: Kinds): string | undefined {
  if (object.type === 'Identifier' && object.name === 'VoxEngine') return 'VoxEngine';
  const kind = kinds.of(object);
  return kind !== undefined && facts.isClass(kind) ? kind : undefined;
}

function checkEvent(node: CallExpression, owner: string, script: Script, facts: Facts): void {
  const enumName = facts.eventsOf(owner);
  const event = node.arguments[0];
  if (enumName === undefined || event === undefined) return;
  const told = listenedEvent(node);
  if (told !== undefined && told.enumName !== enumName && facts.isNamespace(told.enumName)) {
    const message = `${told.enumName}.${told.key} does not happen to a ${owner}; its events are in ${enumName}`;
    script.report(event, 'error', 'wrong-event', message);
  }
  if (event.type !== 'Literal' || typeof event.value !== 'string') return;
  if (facts.eventNamed(enumName, event.value) !== undefined) return;
  const near = facts.near(event.value.replace(/^.*\./, ''), facts.membersOf(enumName) ?? []);
  const hint = near === undefined ? '' : `: did you mean ${enumName}.${near}?`;
  script.report(event, 'error', 'wrong-event', `'${event.value}' is no event of ${enumName}${hint}`);
}

function checkHandler(node: CallExpression, place: number, script: Script, facts: Facts, kinds: Kinds): void {
  if (node.arguments.some(({ type }) => type === 'SpreadElement')) return;
  const handler = node.arguments[place] as AnyNode | undefined;
  const what = script.sourceOf(node.callee);
  if (handler === undefined) {
    script.report(node, 'error', 'no-handler', `${what} has no handler`);
    return;
  }
  const why = objection(handler, script, facts, kinds);
  if (why !== undefined) script.report(handler, 'error', 'no-function', why);
}

function objection(handler: AnyNode, script: Script, facts: Facts, kinds: Kinds): string | undefined {
  const text = script.sourceOf(handler);
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  switch (handler.type) {
    case 'Literal':
    case 'TemplateLiteral':
    case 'ObjectExpression':
    case 'ArrayExpression':
      return `the handler is no function: ${shown}`;
    case 'Identifier':
      return handler.name === 'undefined' ? 'the handler is undefined' : undefined;
    case 'CallExpression':
      return givesNothing(handler, script, facts, kinds)
        ? `the handler is called here, at once, and gives no function: write ${script.sourceOf(handler.callee)} without (), or () => ${shown}`
        : undefined;
    default:
      return undefined;
  }
}

/** A function of the API gives no function, nor does one of the script that returns nothing. */
function givesNothing({ callee }: CallExpression, script: Script, facts: Facts, kinds: Kinds): boolean {
  if (callee.type === 'MemberExpression') {
    const { object } = callee;
    if (object.type === 'Identifier' && facts.isNamespace(object.name) && !kinds.isOwn(object.name))
      return true;
    const kind = kinds.of(object as AnyNode);
    return kind !== undefined && facts.isClass(kind);
  }
  if (callee.type !== 'Identifier') return false;
  const { name } = callee;
  const own = script.nodes.filter((node) => node.type === 'FunctionDeclaration' && node.id?.name === name);
  const [only, ...more] = own;
  return only !== undefined && more.length === 0 && !returnsSomething(only, script);
}

function returnsSomething(fn: AnyNode, script: Script): boolean {
  return script.nodes.some((node) => {
    if (node.type !== 'ReturnStatement' || !node.argument) return false;
    let up = script.parentOf(node);
    while (up !== undefined && !isFunction(up)) up = script.parentOf(up);
    return up === fn;
  });
}
