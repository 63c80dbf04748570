export function runsTypeScript(version: string): boolean;
export function withLocalBinaries(root: string, searchPath?: string): string;
export function linkInstalledNode(root: string): void;
export function reExecute(root: string, script: string, args: readonly string[]): Promise<never>;
export function dieWithParent(): void;
