/** Finds import cycles: groups of nodes that reach each other, by Tarjan's algorithm. */

/** Each group has at least two nodes, or one that imports itself. Groups and their nodes are sorted. */
export function findCycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const groups: string[][] = [];

  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    open.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (open.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = open.splice(open.indexOf(node));
    if (group.length > 1 || edges.get(node)?.has(node)) groups.push(group.sort());
  };

  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return groups.sort((left, right) => left[0]!.localeCompare(right[0]!));
}

/** Adds an edge to a graph. */
export function connect(edges: Map<string, Set<string>>, from: string, to: string): void {
  edges.set(from, (edges.get(from) ?? new Set()).add(to));
}
