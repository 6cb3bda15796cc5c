/** Lives of calls and sessions: who notices that a call failed or ended, and whether the session ever ends. */
import type { AnyNode, Node } from 'acorn';
import type { Facts } from './facts.ts';
import { type Kinds, listenedEvent } from './kinds.ts';
import { isFunction, memberName, namesIn, type Script } from './script.ts';

/** Helpers that see to both calls and end the session. */
const WHOLE = /^(easyProcess|forwardCallTo\w+|playSoundAndHangup)$/;
const STARTS = new Set(['CallAlerting', 'Started', 'HttpRequest', 'WebSocket']);
const ENDS = ['Failed', 'Disconnected'] as const;
const CONSEQUENCE: Readonly<Record<(typeof ENDS)[number], string>> = {
  Failed: 'nothing happens when it is busy, or nobody answers',
  Disconnected: 'nothing happens when it hangs up',
};

export function checkCalls(script: Script, facts: Facts, kinds: Kinds): void {
  for (const node of script.nodes) {
    const name = kinds.voxEngineCall(node);
    if (name?.startsWith('call') === true && facts.resultOf(name) === 'Call')
      checkOutgoing(node, name, script);
  }
  const alerting = script.nodes.filter((node) => startedBy(node) === 'CallAlerting');
  const isRoom = script.nodes.some((node) => kinds.voxEngineCall(node) === 'createConference');
  for (const node of alerting) checkIncoming(node, script, isRoom);
  checkSession(script, kinds, alerting[0]);
}

/** A script that does something as it is loaded has to say what begins its sessions. */
function checkSession(script: Script, kinds: Kinds, alerting: AnyNode | undefined): void {
  const used = script.nodes.map((node) => kinds.voxEngineCall(node)).filter((name) => name !== undefined);
  const starts = script.nodes.map(startedBy).filter((key) => key !== undefined && STARTS.has(key));
  const helps = used.some((name) => WHOLE.test(name));
  const begins = script.nodes.find(
    (node) => kinds.voxEngineCall(node) !== undefined && script.isTopLevel(node),
  );
  if (begins !== undefined && starts.length === 0 && !used.some((name) => name.startsWith('forwardCallTo')))
    script.report(
      begins,
      'error',
      'nothing-begins',
      'neither AppEvents.CallAlerting nor AppEvents.Started is handled: no call and no start reaches this script',
    );
  const ends = script.nodes.some((node) => memberName(node) === 'terminate') || helps;
  const first = alerting ?? script.nodes.find((node) => startedBy(node) === 'Started');
  // A room is open until its people have left, and a while longer: that is what the limit is for.
  const isRoom = used.includes('createConference');
  if (first !== undefined && !ends && !isRoom && !leavesToOthers(first, script))
    script.report(
      first,
      'warning',
      'never-terminated',
      'nothing calls VoxEngine.terminate: when its calls are over, the session waits for its limit',
    );
}

/** `CallAlerting` of `VoxEngine.addEventListener(AppEvents.CallAlerting, …)`. */
function startedBy(node: AnyNode): string | undefined {
  const event = node.type === 'CallExpression' ? listenedEvent(node) : undefined;
  return event?.enumName === 'AppEvents' ? event.key : undefined;
}

/** The handler is a function of another script, or calls one. */
function leavesToOthers(listening: AnyNode, script: Script): boolean {
  const handler = listening.type === 'CallExpression' ? listening.arguments[1] : undefined;
  if (handler?.type === 'Identifier' && !script.declared.has(handler.name)) return true;
  return script.nodes.some(
    (node) =>
      node.type === 'CallExpression' &&
      node.callee.type === 'Identifier' &&
      !script.declared.has(node.callee.name) &&
      !Object.hasOwn(globalThis, node.callee.name) &&
      node.callee.name !== 'require',
  );
}

function checkOutgoing(node: AnyNode, name: string, script: Script): void {
  const target = targetOf(node, script);
  if (target === 'elsewhere') return;
  const handled = target === undefined ? new Set<string>() : handledOn(target, script);
  if (handled === 'elsewhere') return;
  for (const end of ENDS) {
    if (handled.has(end)) continue;
    const what = target === undefined ? `the call of ${name}` : target;
    script.report(
      node,
      'warning',
      'unhandled-end',
      `${what} has no handler of CallEvents.${end}: ${CONSEQUENCE[end]}`,
    );
  }
}

/** What the new call is called; undefined when nothing keeps it; `elsewhere` when that cannot be followed. */
function targetOf(node: AnyNode, script: Script): string | undefined {
  const parent = script.parentOf(node);
  switch (parent?.type) {
    case 'VariableDeclarator':
      return parent.id.type === 'Identifier' ? parent.id.name : 'elsewhere';
    case 'AssignmentExpression':
      return script.sourceOf(parent.left);
    case 'ExpressionStatement':
      return undefined;
    case 'MemberExpression':
      return memberName(parent) === 'addEventListener' ? undefined : 'elsewhere';
    default:
      return 'elsewhere';
  }
}

/** The events of a call that have handlers; `elsewhere` when it is handed on, and others may see to it. */
function handledOn(target: string, script: Script): Set<string> | 'elsewhere' {
  const handled = new Set<string>();
  for (const node of script.nodes) {
    if (!isUse(node, target, script)) continue;
    const parent = script.parentOf(node);
    if (parent?.type === 'MemberExpression' && parent.object === node) {
      if (memberName(parent) !== 'addEventListener') continue;
      const call = script.parentOf(parent);
      const event = call?.type === 'CallExpression' ? eventOf(call.arguments[0]) : undefined;
      if (event === undefined) return 'elsewhere';
      handled.add(event);
    } else if (!isHarmless(node, parent, script)) return 'elsewhere';
  }
  return handled;
}

function eventOf(event: Node | undefined): string | undefined {
  const node = event as AnyNode | undefined;
  if (node?.type === 'MemberExpression') return memberName(node);
  return node?.type === 'Literal' && typeof node.value === 'string'
    ? node.value.replace(/^Call\./, '')
    : undefined;
}

/** The name stands there, and is not being bound. */
function isUse(node: AnyNode, target: string, script: Script): boolean {
  if (node.type !== 'Identifier' && node.type !== 'MemberExpression') return false;
  if (script.sourceOf(node) !== target) return false;
  const parent = script.parentOf(node);
  if (parent?.type === 'VariableDeclarator') return parent.id !== node;
  if (parent?.type === 'AssignmentExpression') return parent.left !== node;
  if (parent?.type === 'MemberExpression') return parent.object === node || parent.computed;
  if (parent?.type === 'Property' && parent.key === node && parent.value !== node) return false;
  if (parent?.type === 'Property' && script.parentOf(parent)?.type === 'ObjectPattern') return false;
  return parent === undefined || !isFunction(parent);
}

/** It is only compared, tested or given sound. */
function isHarmless(node: AnyNode, parent: AnyNode | undefined, script: Script): boolean {
  if (parent?.type === 'CallExpression') {
    const member = memberName(parent.callee as AnyNode) ?? '';
    return /^(sendMediaTo|stopMediaTo|sendMediaBetween|stopMediaBetween|write)$/.test(member);
  }
  if (parent?.type === 'ChainExpression') return isHarmless(parent, script.parentOf(parent), script);
  return (
    /^(BinaryExpression|LogicalExpression|UnaryExpression|IfStatement|ConditionalExpression|ExpressionStatement|TemplateLiteral)$/.test(
      parent?.type ?? '',
    ) &&
    !(
      parent?.type === 'LogicalExpression' &&
      script.parentOf(parent)?.type === 'VariableDeclarator' &&
      node !== parent.left
    )
  );
}

/** The call that came in: somebody answers or refuses it, and notices when it ends. */
function checkIncoming(listening: AnyNode, script: Script, isRoom: boolean): void {
  const handler =
    listening.type === 'CallExpression' ? (listening.arguments[1] as AnyNode | undefined) : undefined;
  const param = handler !== undefined && isFunction(handler) ? paramOf(handler) : undefined;
  if (param === undefined) return;
  const names = incomingNames(param, script);
  if (names === undefined) return;
  const seen = names.map((name) => handledOn(name, script));
  const done = new Set(names.flatMap((name) => methodsOf(name, script)));
  const isHandedOn = seen.includes('elsewhere');
  if (isHandedOn) return;
  if (
    !['answer', 'answerDirect', 'reject', 'decline', 'hangup', 'startEarlyMedia'].some((one) => done.has(one))
  ) {
    script.report(
      listening,
      'warning',
      'never-answered',
      'the call that comes in is neither answered nor rejected: after a minute it is rejected with 480',
    );
    return;
  }
  const handles = seen.some((events) => events !== 'elsewhere' && events.has('Disconnected'));
  // Who leaves a room leaves it, and no other call waits for them.
  if (done.has('answer') && !handles && !isRoom)
    script.report(
      listening,
      'warning',
      'unhandled-end',
      `the call that comes in has no handler of CallEvents.Disconnected: ${CONSEQUENCE.Disconnected}`,
    );
}

function paramOf(handler: AnyNode): AnyNode | undefined {
  return (handler as unknown as { readonly params: readonly AnyNode[] }).params[0];
}

/** `call` of `({ call })`, or `e.call` and what it is copied to. */
function incomingNames(param: AnyNode, script: Script): readonly string[] | undefined {
  if (param.type === 'ObjectPattern') {
    const property = param.properties.find(
      (one) => one.type === 'Property' && one.key.type === 'Identifier' && one.key.name === 'call',
    );
    return property?.type === 'Property' ? namesIn(property.value) : undefined;
  }
  if (param.type !== 'Identifier') return undefined;
  const text = `${param.name}.call`;
  const copies = script.nodes.flatMap((node) => {
    if (node.type === 'VariableDeclarator' && node.init && script.sourceOf(node.init) === text)
      return namesIn(node.id);
    if (node.type === 'AssignmentExpression' && script.sourceOf(node.right) === text)
      return [script.sourceOf(node.left)];
    return [];
  });
  // A copy takes over; what is still said of `e.call` itself counts as well.
  const isGiven = script.nodes.some(
    (node) => node.type === 'Identifier' && node.name === param.name && isGivenAway(node, script),
  );
  if (isGiven) return undefined;
  return copies.length > 0 ? copies : [text];
}

function isGivenAway(node: AnyNode, script: Script): boolean {
  const parent = script.parentOf(node);
  return parent?.type === 'CallExpression' || parent?.type === 'SpreadElement';
}

function methodsOf(target: string, script: Script): string[] {
  return script.nodes.flatMap((node) =>
    node.type === 'MemberExpression' && script.sourceOf(node.object) === target
      ? [memberName(node) ?? '']
      : [],
  );
}
