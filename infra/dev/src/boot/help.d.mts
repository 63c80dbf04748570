export const VERBS: Readonly<Record<string, string>>;
export const HELP: Readonly<Record<string, string>>;
