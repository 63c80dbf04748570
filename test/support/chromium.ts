/**
 * A real headless Chromium from the system's packages, with an empty profile. Installs it where possible, as the
 * launcher does with Redis. Otherwise returns `null` and prints a line.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const APT = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];

function findChromium(): string | null {
  return PLACES.find((place) => existsSync(place)) ?? null;
}

/** null when there is no Chromium and it cannot be installed. */
export function ensureChromium(): string | null {
  const found = findChromium();
  if (found) return found;
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (mayInstall) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    console.error('no Chromium here: installing it from the system packages (apt-get)');
    spawnSync('apt-get', [...APT, 'update'], { env, stdio: 'ignore' });
    const packages = ['chromium', 'fonts-noto-core'];
    spawnSync('apt-get', [...APT, 'install', '-y', '--no-install-recommends', ...packages], { env, stdio: 'ignore' });
  }
  const installed = findChromium();
  if (!installed) console.error('SKIPPED: no Chromium, and no way to install it here (root on Debian would be one)');
  return installed;
}

/** The members of the driver in use. Its own types need the DOM library. */
export interface BrowserPage {
  goto(url: string): Promise<unknown>;
  fill(selector: string, text: string): Promise<void>;
  click(selector: string, options?: { force?: boolean }): Promise<void>;
  hover(selector: string): Promise<void>;
  waitForSelector(selector: string, options?: { timeout?: number }): Promise<unknown>;
  waitForURL(url: string | RegExp): Promise<void>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  emulateMedia(media: { colorScheme: 'light' | 'dark' }): Promise<void>;
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
  textContent(selector: string): Promise<string | null>;
  content(): Promise<string>;
  evaluate<T>(script: string): Promise<T>;
  on(event: 'console' | 'request' | 'pageerror', listener: (it: never) => void): void;
}

export interface Browser {
  newPage(options?: object): Promise<BrowserPage>;
  close(): Promise<void>;
}

export async function launchChromium(executablePath: string): Promise<Browser> {
  const driver = (await import('playwright-core' as string)) as {
    chromium: { launch(options: object): Promise<Browser> };
  };
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'];
  return driver.chromium.launch({ executablePath, args });
}
