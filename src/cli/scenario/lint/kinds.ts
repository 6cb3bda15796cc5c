/** What a value is, as far as that is certain: a call, a player, the event of a handler. Where it is not, nothing is said. */
import type { AnyNode, CallExpression, Node } from 'acorn';
import type { Facts } from './facts.ts';
import { isFunction, memberName, namesIn, type Script } from './script.ts';

export class Kinds {
  readonly #script: Script;
  readonly #facts: Facts;
  /** By name; undefined where one of its bindings is something else. */
  readonly #names = new Map<string, string | undefined>();

  constructor(script: Script, facts: Facts) {
    this.#script = script;
    this.#facts = facts;
    // What a name is may follow from another one that comes later in the text.
    for (let round = 0; round < 2; round++) {
      this.#names.clear();
      for (const node of script.nodes) this.#bind(node);
    }
  }

  /** A class of the API, `event` for the payload of a call's event, or undefined. */
  of(node: AnyNode): string | undefined {
    switch (node.type) {
      case 'Identifier':
        return this.#names.get(node.name);
      case 'AwaitExpression':
        return undefined;
      case 'AssignmentExpression':
        return this.of(node.right);
      case 'CallExpression': {
        const called = this.voxEngineCall(node);
        return called === undefined ? undefined : this.#facts.resultOf(called);
      }
      case 'MemberExpression':
        return memberName(node) === 'call' && this.of(node.object) === 'event' ? 'Call' : undefined;
      default:
        return undefined;
    }
  }

  /** `callPSTN` of `VoxEngine.callPSTN(…)`. */
  voxEngineCall(node: AnyNode): string | undefined {
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return undefined;
    const { object } = node.callee;
    const isOurs = object.type === 'Identifier' && object.name === 'VoxEngine' && !this.isOwn('VoxEngine');
    return isOurs ? memberName(node.callee) : undefined;
  }

  isOwn(name: string): boolean {
    return this.#script.declared.has(name);
  }

  #bind(node: AnyNode): void {
    if (node.type === 'VariableDeclarator') {
      if (node.id.type === 'Identifier')
        this.#set(node.id.name, node.init ? this.of(node.init) : 'nothing yet');
      else this.#unknown(node.id);
    } else if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier') {
      this.#set(node.left.name, this.of(node.right));
    } else if (isFunction(node)) {
      const { params } = node as unknown as { readonly params: readonly AnyNode[] };
      const isHandler = this.#isHandler(node);
      params.forEach((param, index) => {
        if (isHandler && index === 0) this.#bindEvent(param);
        else this.#unknown(param);
      });
    }
  }

  #bindEvent(param: AnyNode): void {
    if (param.type === 'Identifier') this.#set(param.name, 'event');
    else if (param.type === 'ObjectPattern') {
      for (const one of param.properties) {
        const isCall =
          one.type === 'Property' &&
          one.key.type === 'Identifier' &&
          one.key.name === 'call' &&
          one.value.type === 'Identifier';
        if (isCall) this.#set((one.value as { readonly name: string }).name, 'Call');
        else this.#unknown(one.type === 'Property' ? one.value : one);
      }
    }
  }

  /** The second argument of `….addEventListener(CallEvents.X | AppEvents.CallAlerting, …)`. */
  #isHandler(node: Node): boolean {
    const parent = this.#script.parentOf(node);
    if (parent?.type !== 'CallExpression' || parent.arguments[1] !== node) return false;
    const event = listenedEvent(parent);
    return (
      event?.enumName === 'CallEvents' || (event?.enumName === 'AppEvents' && event.key === 'CallAlerting')
    );
  }

  #unknown(pattern: Node): void {
    for (const name of namesIn(pattern)) this.#set(name, undefined);
  }

  #set(name: string, kind: string | undefined): void {
    const known = this.#names.get(name);
    if (kind === 'nothing yet') {
      if (!this.#names.has(name)) this.#names.set(name, kind);
    } else if (!this.#names.has(name) || known === 'nothing yet') this.#names.set(name, kind);
    else if (known !== kind) this.#names.set(name, undefined);
  }
}

/** Of `x.addEventListener(CallEvents.Failed, …)`: the enum and its key. */
export function listenedEvent(
  call: CallExpression,
): { readonly enumName: string; readonly key: string } | undefined {
  if (call.callee.type !== 'MemberExpression' || memberName(call.callee) !== 'addEventListener')
    return undefined;
  const event = call.arguments[0];
  if (event?.type !== 'MemberExpression' || event.object.type !== 'Identifier') return undefined;
  const key = memberName(event);
  return key === undefined ? undefined : { enumName: event.object.name, key };
}
