/** Submits one card and waits for its result. `node submit.ts front.jpg [back.jpg]`, with CARDSEAL_URL and CARDSEAL_API_KEY. */
import { readFile } from 'node:fs/promises';
import { createClient, ProblemError } from '@cardseal/client';

const { CARDSEAL_URL: baseUrl = 'http://127.0.0.1:3000', CARDSEAL_API_KEY: apiKey = '' } = process.env;
const client = createClient({ baseUrl, apiKey });
const [front, back] = await Promise.all(process.argv.slice(2, 4).map((file) => readFile(file, 'base64')));

try {
  // A key of your own makes it safe to run this again for the same application: it stays one job.
  const job = await client.jobs.submit(
    { front: { image: front! }, ...(back ? { back: { image: back } } : {}), reference: 'application-4712' },
    { idempotencyKey: 'application-4712' },
  );
  const { state, result, failure } = await client.jobs.wait(job.id);
  console.log(JSON.stringify({ id: job.id, state, verdict: result?.verdict, failure: failure?.code }));
} catch (error) {
  if (!(error instanceof ProblemError)) throw error;
  console.error(error.code, error.errors.map(({ detail }) => detail).join(' '));
  process.exitCode = 1;
}
