/**
 * `dev.json`: URLs, keys and pids of a running development stack, for programs that use it. It contains secrets, so only
 * its owner can read it. It is replaced as a whole, and removed when the stack stops.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { BaiduCredential } from './secrets.ts';
import { writeFileAtomic } from './secrets.ts';

export interface StoreInfo {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Process ids; null for a part that this launcher did not start. */
export interface DevPids {
  redis: number | null;
  s3: number | null;
  emulator: number;
  api: number;
  admin: number;
  workers: number[];
}

export interface DevInfo {
  apiUrl: string;
  adminUrl: string;
  emulatorUrl: string;
  s3: StoreInfo;
  redisUrl: string;
  tenant: string;
  apiKey: string;
  admin: { user: string; password: string };
  credentials: BaiduCredential[];
  pids: DevPids;
}

export function devInfoFile(dataDir: string): string {
  return path.join(dataDir, 'dev.json');
}

export function writeDevInfo(dataDir: string, info: DevInfo): void {
  writeFileAtomic(devInfoFile(dataDir), `${JSON.stringify(info, null, 2)}\n`);
}

export function removeDevInfo(dataDir: string): void {
  rmSync(devInfoFile(dataDir), { force: true });
}

/** The URLs for the start message. It contains no secret; the secrets are in the file. */
export function describeStack(info: DevInfo, dataDir: string): string {
  const rows = [
    ['API', info.apiUrl],
    ['API reference', `${info.apiUrl}/docs`],
    ['admin', `${info.adminUrl}  (user ${info.admin.user}, password in dev.json)`],
    ['emulator', info.emulatorUrl],
    ['object store', `${info.s3.endpoint}/${info.s3.bucket}`],
    ['dev.json', `${devInfoFile(dataDir)}  (URLs, keys, passwords)`],
    ['logs', path.join(dataDir, 'logs')],
  ];
  return rows.map(([name, where]) => `  ${name?.padEnd(16)} ${where}`).join('\n');
}
