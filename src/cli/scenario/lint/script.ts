/** A script as the linter sees it: its tree, every node with its parent, and the names that it declares itself. */
import { type AnyNode, type Node, parse } from 'acorn';

export type Problem = {
  readonly file: string;
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly level: 'error' | 'warning';
  /** Its short name, for people who want to know more. */
  readonly rule: string;
  readonly message: string;
};

export class Script {
  readonly path: string;
  readonly text: string;
  readonly nodes: readonly AnyNode[];
  /** Names that the script declares or assigns anywhere: whatever else they mean, they are its own there. */
  readonly declared = new Set<string>();
  /** Properties that it gives to any object. */
  readonly assigned = new Set<string>();
  readonly problems: Problem[] = [];
  readonly #parents = new Map<Node, AnyNode>();

  /** Throws acorn's SyntaxError. */
  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    const nodes: AnyNode[] = [];
    this.#walk(
      parse(text, { ecmaVersion: 'latest', sourceType: 'script', locations: true, allowHashBang: true }),
      nodes,
    );
    this.nodes = nodes;
    for (const node of nodes) this.#note(node);
  }

  parentOf(node: Node): AnyNode | undefined {
    return this.#parents.get(node);
  }

  sourceOf(node: Node): string {
    return this.text.slice(node.start, node.end);
  }

  /** Whether the node runs as the script is loaded, and not when a function of it is called. */
  isTopLevel(node: Node): boolean {
    for (let up = this.parentOf(node); up !== undefined; up = this.parentOf(up))
      if (isFunction(up)) return false;
    return true;
  }

  report(node: Node, level: Problem['level'], rule: string, message: string): void {
    const { line = 1, column = 0 } = node.loc?.start ?? {};
    this.problems.push({ file: this.path, line, column: column + 1, level, rule, message });
  }

  #walk(node: Node, nodes: AnyNode[]): void {
    nodes.push(node as AnyNode);
    for (const child of childrenOf(node)) {
      this.#parents.set(child, node as AnyNode);
      this.#walk(child, nodes);
    }
  }

  #note(node: AnyNode): void {
    switch (node.type) {
      case 'VariableDeclarator':
        for (const name of namesIn(node.id)) this.declared.add(name);
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (node.id) this.declared.add(node.id.name);
        for (const name of node.params.flatMap(namesIn)) this.declared.add(name);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        if (node.id) this.declared.add(node.id.name);
        return;
      case 'CatchClause':
        if (node.param) for (const name of namesIn(node.param)) this.declared.add(name);
        return;
      case 'AssignmentExpression':
        for (const name of namesIn(node.left)) this.declared.add(name);
        if (node.left.type === 'MemberExpression') this.#noteMember(node.left.property);
    }
  }

  #noteMember(property: Node): void {
    const name = (property as { readonly name?: unknown }).name;
    if (typeof name === 'string') this.assigned.add(name);
  }
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value: unknown) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

function isNode(value: unknown): value is Node {
  return typeof (value as { readonly type?: unknown } | null)?.type === 'string';
}

/** The names that a pattern binds. */
export function namesIn(pattern: Node): string[] {
  const node = pattern as AnyNode;
  switch (node.type) {
    case 'Identifier':
      return [node.name];
    case 'ObjectPattern':
      return node.properties.flatMap((one) => namesIn(one.type === 'Property' ? one.value : one.argument));
    case 'ArrayPattern':
      return node.elements.flatMap((one) => (one === null ? [] : namesIn(one)));
    case 'AssignmentPattern':
      return namesIn(node.left);
    case 'RestElement':
      return namesIn(node.argument);
    default:
      return [];
  }
}

export function isFunction(node: Node): boolean {
  return /^(Arrow)?Function/.test(node.type);
}

/** `a.b`, and `a['b']`: the name of the member. */
export function memberName(node: AnyNode): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const { property, computed } = node;
  if (!computed) return property.type === 'Identifier' ? property.name : undefined;
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : undefined;
}
