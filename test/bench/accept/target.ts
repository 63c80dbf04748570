/** Runs one target of `bench accept` in its own process: Cardseal's API or the bare route. */
import { createS3Client, memoryObjectStore, type ObjectStore, s3ObjectStore } from '@cardseal/object-store';
import { plainJpeg } from '../../support/images.ts';
import { startBare } from './bare.ts';
import { startCardseal } from './cardseal.ts';

export interface TargetSettings {
  kind: 'cardseal' | 'bare' | 'bare-at-once';
  redisUrl: string;
  /** null for a store in memory, whose writes cost nothing. */
  s3: { endpoint: string; bucket: string; accessKeyId: string; secretAccessKey: string } | null;
}

function openStore(s3: TargetSettings['s3']): ObjectStore {
  if (!s3) return memoryObjectStore();
  const { endpoint, bucket, ...credentials } = s3;
  return s3ObjectStore(createS3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials }), bucket);
}

const settings = JSON.parse(process.argv[2]!) as TargetSettings;
const store = openStore(settings.s3);
const target =
  settings.kind === 'cardseal'
    ? await startCardseal(store, settings.redisUrl)
    : await startBare(store, settings.redisUrl, await plainJpeg(900, 600), settings.kind === 'bare-at-once');
process.send?.({ url: target.url, key: target.key, writes: target.writes });
process.on('message', (asked) => {
  if (asked === 'cpu') return process.send?.(process.cpuUsage());
  void target.stop().then(() => process.exit(0));
});
process.once('disconnect', () => process.exit(0));
