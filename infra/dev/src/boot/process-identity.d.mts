export function startMark(pid: number): string | null;
export function isSameProcess(seen: { pid: number; start: string | null }): boolean;
