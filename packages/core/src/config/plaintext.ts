/** `ALLOW_PLAINTEXT`: the connections that production may make without TLS, by name. */
import { z } from 'zod';

const PLAINTEXT_NAMES = ['s3', 'kms', 'redis', 'provider', 'public'] as const;
export type PlaintextName = (typeof PLAINTEXT_NAMES)[number];

export const plaintextNames = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine((names) => names.every((name) => (PLAINTEXT_NAMES as readonly string[]).includes(name)), {
    error: `must be one or several of ${PLAINTEXT_NAMES.join(', ')}, with commas between them`,
  })
  .transform((names) => names as PlaintextName[]);
