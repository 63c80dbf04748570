/** `config check`: reports all problems of the settings and their files at once. It starts and connects to nothing. */
import { readConfig as readAdmin } from '@cardseal/admin/config';
import { readConfig as readApi } from '@cardseal/api/config';
import { type Env, problemsFrom } from '@cardseal/core/config';
import { readConfig as readWorker } from '@cardseal/worker/config';
import { type Output, printJson } from '../support/print.ts';

export const CHECKED_ROLES = ['api', 'worker', 'admin'] as const;
export type CheckedRole = (typeof CHECKED_ROLES)[number];

const READERS = { api: readApi, worker: readWorker, admin: readAdmin };

export interface SettingsProblem {
  /** The variable, or several separated by commas. */
  setting: string;
  problem: string;
  roles: CheckedRole[];
}

/** Returns each problem once, with the roles that have it. */
export function checkSettings(env: Env, roles: readonly CheckedRole[]): SettingsProblem[] {
  const found = new Map<string, CheckedRole[]>();
  for (const role of roles) {
    for (const line of problemsFrom(() => READERS[role](env, { files: true }))) {
      found.set(line, [...(found.get(line) ?? []), role]);
    }
  }
  return [...found].map(([line, those]) => {
    const colon = line.indexOf(': ');
    return { setting: line.slice(0, colon), problem: line.slice(colon + 2), roles: those };
  });
}

/** Sets exit code 1 when there is a problem. */
export function configCheckCommand(env: Env, { role, json }: Output & { role?: CheckedRole[] }): void {
  const roles = role ?? CHECKED_ROLES;
  const problems = checkSettings(env, roles);
  if (json) printJson({ ok: problems.length === 0, roles, problems });
  else process.stdout.write(wordsOf(problems, roles));
  if (problems.length > 0) process.exitCode = 1;
}

function wordsOf(problems: readonly SettingsProblem[], roles: readonly CheckedRole[]): string {
  if (problems.length === 0) return `no problems in the settings of ${roles.join(', ')}\n`;
  const lines = problems.map(({ setting, problem, roles: those }) => {
    const where = those.length === roles.length ? '' : ` (${those.join(', ')})`;
    return `  - ${setting}: ${problem}${where}\n`;
  });
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${count} in the settings:\n${lines.join('')}`;
}
