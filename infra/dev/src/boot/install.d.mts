export function whyInstall(root: string): string | null;
export function ensureDependencies(root: string, log: (line: string) => void): Promise<void>;
export function npmCommand(env: Readonly<NodeJS.ProcessEnv>): string[];
