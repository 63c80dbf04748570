/** Screenshots of the overview in a real Chromium, in desktop and phone size, for the docs. */
import path from 'node:path';
import { type BrowserPage, ensureChromium, launchChromium } from '../../support/chromium.ts';
import type { TestStack } from '../../support/stack.ts';

export interface ScreenshotTaker {
  take(name: string): Promise<void>;
  stop(): Promise<void>;
}

const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const FOLDER = path.resolve(import.meta.dirname, '../../../docs/screenshots');

export async function startScreenshotTaker({ stack }: TestStack): Promise<ScreenshotTaker> {
  const { adminUrl, admin } = stack.info;
  const executable = ensureChromium();
  if (executable === null) throw new Error('no Chromium for screenshots');
  const browser = await launchChromium(executable);
  const page = await browser.newPage({ viewport: WIDE });
  await page.goto(`${adminUrl}/login`);
  await page.fill('input[name=user]', admin.user);
  await page.fill('input[name=password]', admin.password);
  await page.click('button');
  await page.waitForSelector('.way');
  return {
    async take(name) {
      await page.goto(`${adminUrl}/`);
      await page.waitForSelector('.way');
      await capture(page, WIDE, `drill-${name}`);
      await capture(page, PHONE, `drill-${name}-phone`);
    },
    stop: () => browser.close(),
  };
}

async function capture(page: BrowserPage, size: typeof WIDE, name: string): Promise<void> {
  await page.setViewportSize(size);
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), fullPage: true });
}
