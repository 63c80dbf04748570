export function problemsOf(text: string): string[];
