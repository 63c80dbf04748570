/** Reads the metrics of every process of a stack started with `METRICS_PORT=0`. The ports come from the logs. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Sample {
  name: string;
  labels: Record<string, string>;
}

export interface Scrape {
  /** The log file of the process. */
  from: string;
  text: string;
  samples: Sample[];
}

/** Reads the running processes; ended ones do not respond and are skipped. */
export async function scrapeAll(dataDir: string): Promise<Scrape[]> {
  const folder = path.join(dataDir, 'logs');
  const scrapes: Scrape[] = [];
  for (const file of await readdir(folder)) {
    const log = await readFile(path.join(folder, file), 'utf8');
    for (const [line] of log.matchAll(/^.*"metrics\.listening".*$/gm)) {
      const { port } = JSON.parse(line) as { port: number };
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
      const text = await answer?.text();
      if (text) scrapes.push({ from: file, text, samples: samplesIn(text) });
    }
  }
  return scrapes;
}

function samplesIn(text: string): Sample[] {
  return [...text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)].map(([, name, labels = '']) => ({
    name: name!,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value!])),
  }));
}
