// `cardseal specimen`: writes specimens and their truth into a folder.
// Progress goes to stderr. stdout gets only the path of the truth file.
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { generateSpecimens, type SpecimenOptions } from './generate.ts';
import type { PictureFormat } from './picture.ts';
import { isScenario, SCENARIOS } from './scenarios.ts';

const HELP = `cardseal specimen --out DIR --count N [options]

Writes N synthetic ID cards (0001-front.jpg, 0001-back.jpg, …) and truth.ndjson with one line per card.

  --out DIR         folder; created if missing
  --count N         number of cards (1 to 100000)
  --seed S          the same seed gives the same cards on the same day (default 1)
  --scenario NAME   only this scenario; without it all scenarios in turn:
                    ${SCENARIOS.join(', ')}
  --format F        jpeg (default), png or bmp
  --scale X         0.5 to 4 times 1000 x 630 pixels (default 1; at most 2 for png, 1.2 for bmp)
  --help            show this text
`;

/** Larger files would exceed the provider's byte limit. */
const MAX_SCALE: Record<PictureFormat, number> = { jpeg: 4, png: 2, bmp: 1.2 };

interface CommandOptions extends SpecimenOptions {
  out: string;
}

/**
 * Runs the command.
 * @param argv arguments after `specimen`
 * @returns the exit code: 0 done, 2 wrong arguments (explained on stderr)
 */
export async function runSpecimenCommand(argv: string[]): Promise<number> {
  const options = readArguments(argv);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (Array.isArray(options)) {
    process.stderr.write(`${options.join('\n')}\n\n${HELP}`);
    return 2;
  }
  await mkdir(options.out, { recursive: true });
  const truthFile = join(options.out, 'truth.ndjson');
  const truth = createWriteStream(truthFile);
  for await (const specimen of generateSpecimens(options)) {
    await writeFile(join(options.out, specimen.truth.front), specimen.front);
    await writeFile(join(options.out, specimen.truth.back), specimen.back);
    truth.write(`${JSON.stringify(specimen.truth)}\n`);
    if (specimen.n % 50 === 0) process.stderr.write(`${specimen.n} of ${options.count}\n`);
  }
  truth.end();
  await finished(truth);
  process.stderr.write(`${options.count} specimens in ${options.out}\n`);
  process.stdout.write(`${truthFile}\n`);
  return 0;
}

function readArguments(argv: string[]): CommandOptions | string[] | 'help' {
  const text = { type: 'string' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        out: text,
        count: text,
        seed: text,
        scenario: text,
        format: text,
        scale: text,
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    return [error instanceof Error ? error.message : 'the arguments cannot be read'];
  }
  return values.help === true ? 'help' : checkArguments(values);
}

function checkArguments(values: Record<string, string | boolean | undefined>): CommandOptions | string[] {
  const { out, scenario } = values;
  const format = values.format ?? 'jpeg';
  const [count, seed, scale] = [Number(values.count), Number(values.seed ?? 1), Number(values.scale ?? 1)];
  const problems: string[] = [];
  if (typeof out !== 'string' || out === '') problems.push('--out must name a folder');
  if (!Number.isInteger(count) || count < 1 || count > 100_000) problems.push('--count must be 1 to 100000');
  if (!Number.isInteger(seed)) problems.push('--seed must be a whole number');
  if (scenario !== undefined && !isScenario(String(scenario)))
    problems.push('--scenario is not one of the names below');
  if (!isFormat(format)) problems.push('--format must be jpeg, png or bmp');
  else if (!(scale >= 0.5 && scale <= MAX_SCALE[format])) {
    problems.push(`--scale must be 0.5 to ${MAX_SCALE[format]} for ${format}`);
  }
  if (problems.length > 0 || !isFormat(format)) return problems;
  const chosen = String(scenario ?? '');
  return { out: String(out), count, seed, scale, format, ...(isScenario(chosen) ? { scenario: chosen } : {}) };
}

function isFormat(name: unknown): name is PictureFormat {
  return name === 'jpeg' || name === 'png' || name === 'bmp';
}
