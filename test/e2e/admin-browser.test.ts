/**
 * The work of an operator during an incident, in a real Chromium: log in, see failures, retry one in Bull Board, see it end
 * well. With `ADMIN_SCREENSHOTS` set to a folder, the pages are photographed into it.
 */
import path from 'node:path';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginAdmin } from '../support/admin.ts';
import { type Browser, type BrowserPage, ensureChromium, launchChromium } from '../support/chromium.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';

const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const executable = ensureChromium();
const pictures = process.env.ADMIN_SCREENSHOTS;

describe.skipIf(executable === null)('the admin in a real browser', () => {
  let app: TestStack;
  let sink: WebhookSink;
  let browser: Browser;
  let page: BrowserPage;
  let specimen: Specimen;
  const foreign: string[] = [];
  const violations: string[] = [];

  beforeAll(async () => {
    [app, sink, browser] = await Promise.all([startTestStack(), startWebhookSink(), launchChromium(executable!)]);
    for await (const one of generateSpecimens({ count: 1, seed: 29, scenario: 'good' })) specimen = one;
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    sink.verifyWith(body.secret);
    page = await browser.newPage({ viewport: WIDE });
    page.on('request', (request: { url(): string }) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith('http') && host !== new URL(app.stack.info.adminUrl).host) foreign.push(host);
    });
    page.on('console', (message: { text(): string }) => {
      if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    await sink?.stop();
  });

  const go = (route: string) => page.goto(app.stack.info.adminUrl + route);
  async function picture(name: string, size = WIDE, scheme: 'light' | 'dark' = 'light'): Promise<void> {
    if (!pictures) return;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: size === PHONE });
    await page.setViewportSize(WIDE);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  it('logs in, and is led to the overview, which is well', async () => {
    await go('/jobs');
    await page.fill('input[name=user]', app.stack.info.admin.user);
    await page.fill('input[name=password]', app.stack.info.admin.password);
    await page.click('button');
    await page.waitForSelector('.way');
    expect(await page.textContent('.now')).toContain('All is well');
  });

  it('sees what failed, tries it again in Bull Board, sees it end well; the webhook arrives and the audit log has the retry', async () => {
    const good = await app.submit(specimen);
    await app.finished(good.id);
    await app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
    const { id } = await app.submit(specimen);
    await app.finished(id);
    await sink.events(id);
    await app.control('DELETE');
    // The page asks again by itself, without being loaded again.
    await page.waitForSelector('.now li.warn', { timeout: 30_000 });
    expect(await page.textContent('.now')).toContain('upstream_request_invalid');

    await go('/queues/queue/recognize?status=failed');
    await page.waitForSelector(`text=${id}-1`);
    await picture('queues');
    // Its buttons have icons and no names: the first one after the id is the retry.
    await page.click(`xpath=//*[contains(text(),'${id}-1')]/following::button[1]`);
    await page.click('[role=dialog] button:has-text("Confirm"), [role=alertdialog] button:has-text("Confirm")');
    const [, second] = await sink.events(id, 2);
    expect(second).toMatchObject({ type: 'job.succeeded', data: { generation: 2 } });

    await go(`/jobs/${app.stack.info.tenant}/${id}`);
    await page.waitForSelector('h1 .badge.good');
    expect(await page.textContent('main')).toContain('generation 2 succeeded');
    const owner = await loginAdmin(app.stack.info);
    const { body } = await owner.call('GET', '/api/audit');
    expect(body.data).toContainEqual(
      expect.objectContaining({
        action: 'job.retry',
        who: app.stack.info.admin.user,
        target: expect.objectContaining({ job: id }),
      }),
    );
    await page.waitForSelector('text=job.retry by');
    await picture('job');
  });

  it('closes a gate by its form, and the overview says so; opens it again', async () => {
    await go('/gates');
    await page.fill('form[action$="/close"] input[name=reason]', 'the provider asked us to stop');
    await page.click('form[action$="/close"] button');
    await page.waitForSelector('form[action$="/open"]');
    await picture('gates');
    await go('/');
    await page.waitForSelector('.now li.bad');
    expect(await page.textContent('.now li.bad')).toContain('No job can be recognised');
    await picture('overview');
    await picture('overview-phone', PHONE);
    await picture('overview-dark', WIDE, 'dark');
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(WIDE.width);
    await page.setViewportSize(PHONE);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
    await page.setViewportSize(WIDE);
    await go('/gates');
    await page.fill('form[action$="/open"] input[name=reason]', 'they are well again');
    await page.click('form[action$="/open"] button');
    await page.waitForSelector('form[action$="/close"]');
  });

  it('has sent no request elsewhere, and the admin pages broke no policy', async () => {
    expect(foreign).toEqual([]);
    expect(violations.filter((text) => !/fonts\./.test(text))).toEqual([]);
  });
});
