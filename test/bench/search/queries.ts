/** Timed queries of an operator over a large ledger through the admin's routes, as JSON and as pages. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AdminClient } from '../../support/admin.ts';
import { CODE, RARE_CODE, referenceOf } from './seed.ts';

export interface Look {
  look: string;
  /** Responses until something was found or nothing was left. */
  answers: number;
  found: number;
  medianMs: number;
  maxMs: number;
}

/** The overview is cached for some seconds and the ledger statistics for ten, so wait until the next query is fresh. */
const OVERVIEW_REST_MS = 10_500;

export async function searchLooks(admin: AdminClient, oldest: string, rounds: number): Promise<Look[]> {
  const queries = {
    'newest 50': 'limit=50',
    'by state, failed': 'state=failed&limit=50',
    'by code': `code=${CODE}&limit=50`,
    'by code, of the 5 oldest': `code=${RARE_CODE}&limit=50`,
    'by reference, the oldest': `reference=${encodeURIComponent(referenceOf(0))}`,
    'by reference, without a match': 'reference=nobody',
    'by id, the oldest': `id=${oldest}`,
    'one hour, five days ago': hour(5),
  };
  const looks: Look[] = [];
  for (const [name, query] of Object.entries(queries)) looks.push(await timeSearch(admin, name, query, rounds));
  looks.push(await timePage(admin, 'the page of failed jobs', '/jobs?state=failed', 0, rounds));
  return looks;
}

export async function overviewLooks(admin: AdminClient, rounds: number): Promise<Look[]> {
  return [
    await timePage(admin, 'overview, JSON', '/api/overview', OVERVIEW_REST_MS, rounds),
    await timePage(admin, 'overview, page', '/', OVERVIEW_REST_MS, rounds),
  ];
}

function hour(daysAgo: number): string {
  const atMs = Date.now() - daysAgo * 86_400_000;
  const iso = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
  return `created_after=${iso(atMs)}&created_before=${iso(atMs + 3_600_000)}&limit=100`;
}

/** Requests further pages until something is found. */
async function timeSearch(admin: AdminClient, look: string, query: string, rounds: number): Promise<Look> {
  const tookMs: number[] = [];
  let answers = 0;
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    let cursor: string | null = null;
    answers = 0;
    found = 0;
    do {
      const route: string = `/api/jobs?${query}${cursor ? `&cursor=${cursor}` : ''}`;
      const began = performance.now();
      const { status, body } = await admin.call('GET', route);
      tookMs.push(performance.now() - began);
      if (status !== 200) throw new Error(`${route}: ${status}`);
      answers++;
      found += body.data.length;
      cursor = found === 0 ? body.next_cursor : null;
    } while (cursor !== null);
  }
  return { look, answers, found, ...statisticsOf(tookMs) };
}

async function timePage(
  admin: AdminClient,
  look: string,
  route: string,
  restMs: number,
  rounds: number,
): Promise<Look> {
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await delay(restMs);
    const began = performance.now();
    const { status } = route.startsWith('/api') ? await admin.call('GET', route) : await admin.page(route);
    tookMs.push(performance.now() - began);
    if (status !== 200) throw new Error(`${route}: ${status}`);
  }
  return { look, answers: 1, found: 0, ...statisticsOf(tookMs) };
}

function statisticsOf(tookMs: number[]): Pick<Look, 'medianMs' | 'maxMs'> {
  tookMs.sort((a, b) => a - b);
  return { medianMs: Math.round(tookMs[Math.floor(tookMs.length / 2)]!), maxMs: Math.round(tookMs.at(-1)!) };
}
