export interface LockHolder {
  pid: number;
  start: string | null;
  guard?: { pid: number; start: string | null };
}
export interface HeldLock {
  held: true;
  note(extra: object): void;
  release(): void;
}
export function tryLock(file: string): HeldLock | { held: false; holder: LockHolder };
