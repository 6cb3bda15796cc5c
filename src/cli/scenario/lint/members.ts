/** Names: members that do not exist, members that Maskline does not have, globals that are misspelled. */
import type { AnyNode } from 'acorn';
import type { Facts } from './facts.ts';
import type { Kinds } from './kinds.ts';
import { memberName, type Script } from './script.ts';

const OF_EVERY_OBJECT = new Set(Object.getOwnPropertyNames(Object.prototype));
const OF_THE_LANGUAGE = new Set(Object.getOwnPropertyNames(globalThis));

export function checkMembers(script: Script, facts: Facts, kinds: Kinds): void {
  for (const node of script.nodes) {
    if (node.type === 'MemberExpression') checkMember(node, script, facts, kinds);
    else if (node.type === 'Identifier') checkGlobal(node, script, facts);
  }
}

function checkMember(node: AnyNode, script: Script, facts: Facts, kinds: Kinds): void {
  const name = memberName(node);
  if (node.type !== 'MemberExpression' || name === undefined || script.assigned.has(name)) return;
  const owner = ownerOf(node.object as AnyNode, facts, kinds);
  const members = owner === undefined ? undefined : facts.membersOf(owner);
  if (owner === undefined || members === undefined || OF_EVERY_OBJECT.has(name)) return;
  const label = `${owner}.${name}`;
  const absence = facts.absence(label);
  if (absence !== undefined) script.report(node.property, 'warning', 'not-available', absence);
  else if (!members.includes(name)) {
    const near = facts.near(name, members);
    const hint = near === undefined ? '' : `: did you mean ${near}?`;
    script.report(node.property, 'error', 'unknown-member', `${label} does not exist${hint}`);
  }
}

function ownerOf(object: AnyNode, facts: Facts, kinds: Kinds): string | undefined {
  if (object.type === 'Identifier' && facts.isNamespace(object.name) && !kinds.isOwn(object.name))
    return object.name;
  const kind = kinds.of(object);
  return kind !== undefined && facts.isClass(kind) ? kind : undefined;
}

/** A free name that is no name of the API but nearly one. Other scripts of the rule may declare it, so others are let pass. */
function checkGlobal(node: AnyNode, script: Script, facts: Facts): void {
  if (node.type !== 'Identifier' || script.declared.has(node.name) || !isReference(node, script)) return;
  const { name } = node;
  const absence = facts.absence(name);
  if (absence !== undefined) {
    script.report(node, 'warning', 'not-available', absence);
    return;
  }
  if (name.length < 5 || OF_THE_LANGUAGE.has(name) || facts.globals.includes(name)) return;
  const near = facts.near(name, facts.globals);
  if (near === undefined || Math.abs(near.length - name.length) > 1 || !isSlip(name, near)) return;
  script.report(node, 'error', 'unknown-name', `${name} is not defined: did you mean ${near}?`);
}

/** One letter wrong, missing, too many, or in the other case. */
function isSlip(name: string, near: string): boolean {
  const [a, b] = [name.toLowerCase(), near.toLowerCase()];
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return Math.max(a.length, b.length) - start - end <= 2;
}

function isReference(node: AnyNode, script: Script): boolean {
  const parent = script.parentOf(node);
  if (parent?.type === 'MemberExpression') return parent.object === node || parent.computed;
  if (parent?.type === 'Property') return parent.value === node || parent.computed;
  if (parent?.type === 'UnaryExpression' && parent.operator === 'typeof') return false;
  return !/^(MethodDefinition|PropertyDefinition|LabeledStatement|BreakStatement|ContinueStatement)$/.test(
    parent?.type ?? '',
  );
}
