/** Resolves the names of a Lua 5.1 program: which locals nothing reads, and which names no local declares. */
import type { Identifier, Node } from 'luaparse';

export interface Name {
  readonly name: string;
  readonly line: number;
}

interface Local extends Name {
  used: boolean;
}

type Scope = Map<string, Local>;

export interface Names {
  readonly declared: readonly Name[];
  /** The declared locals that nothing reads. A name with a leading underscore is unused on purpose. */
  readonly unused: readonly Name[];
  /** Reads of and writes to names that are not local. */
  readonly free: readonly Name[];
}

/** Needs an AST with locations. */
export function resolveNames(chunk: Node): Names {
  const resolver = new Resolver();
  resolver.visit(chunk);
  const { declared, free } = resolver;
  return { declared, free, unused: declared.filter(({ used }) => !used) };
}

class Resolver {
  readonly declared: Local[] = [];
  readonly free: Name[] = [];
  readonly #scopes: Scope[] = [];

  visit(node: Node): void {
    switch (node.type) {
      case 'Identifier':
        this.#use(node);
        break;
      case 'LocalStatement':
        // The values are read before the names exist: `local a = a` reads an outer `a`.
        this.#visitAll(node.init);
        this.#declareAll(node.variables);
        break;
      case 'FunctionDeclaration':
        // A local function may call itself, so its name exists in its body.
        if (node.isLocal) this.#declareAll([node.identifier]);
        else if (node.identifier !== null) this.visit(node.identifier);
        this.#visitBody(node.parameters, node.body);
        break;
      case 'ForNumericStatement':
        this.#visitAll([node.start, node.end, ...(node.step === null ? [] : [node.step])]);
        this.#visitBody([node.variable], node.body);
        break;
      case 'ForGenericStatement':
        this.#visitAll(node.iterators);
        this.#visitBody(node.variables, node.body);
        break;
      case 'RepeatStatement':
        // The condition sees the locals of the body.
        this.#visitBody([], [...node.body, node.condition]);
        break;
      case 'MemberExpression':
        this.visit(node.base);
        break;
      case 'TableKeyString':
        this.visit(node.value);
        break;
      default:
        if ('body' in node) this.#visitBody([], children(node));
        else this.#visitAll(children(node));
    }
  }

  #visitAll(nodes: readonly Node[]): void {
    for (const node of nodes) this.visit(node);
  }

  #visitBody(variables: readonly (Node | null)[], body: readonly Node[]): void {
    this.#scopes.push(new Map());
    this.#declareAll(variables);
    this.#visitAll(body);
    this.#scopes.pop();
  }

  #declareAll(nodes: readonly (Node | null)[]): void {
    for (const node of nodes) {
      if (node?.type !== 'Identifier') continue;
      const local = { name: node.name, line: lineOf(node), used: node.name.startsWith('_') };
      this.declared.push(local);
      this.#scopes.at(-1)!.set(node.name, local);
    }
  }

  #use(node: Identifier): void {
    const local = this.#scopes.findLast((scope) => scope.has(node.name))?.get(node.name);
    if (local === undefined) this.free.push({ name: node.name, line: lineOf(node) });
    else local.used = true;
  }
}

function lineOf({ loc }: Identifier): number {
  return loc?.start.line ?? 0;
}

/** The nodes below a node whose names need no special rule, in the order of the text. */
function children(node: Node): Node[] {
  return Object.entries(node)
    .filter(([field]) => field !== 'loc' && field !== 'comments' && field !== 'globals')
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is Node => typeof value === 'object' && value !== null && 'type' in value);
}
