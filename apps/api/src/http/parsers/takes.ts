/** The bodies that a route accepts. Its 413 and 415 responses repeat this. */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

/** The limit of a body without an image, and of everything besides the images in other bodies. */
export const MAX_TERMS_BYTES = 64 * 1024;

/** Two images in base64, and the terms. */
export function maxBodyBytes(maxImageBytes: number): number {
  return Math.ceil((2 * maxImageBytes * 4) / 3) + MAX_TERMS_BYTES;
}

export interface Takes {
  /** Completes "This route takes …". */
  types: string;
  /** Completes "This route takes …". */
  size: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For a route whose body is not plain JSON. */
    takes?: Takes;
    /** The schema of the body. Routes without one need no body. */
    input?: z.ZodType;
  }
}

const JSON_SIZE = `a body of at most ${MAX_TERMS_BYTES / 1024} KiB`;
const JSON_BODY: Takes = { types: 'a body of the type application/json', size: JSON_SIZE };
const NO_BODY: Takes = { types: 'no body, or one of the type application/json', size: JSON_SIZE };

export function describeTakes({ routeOptions: { config } }: FastifyRequest, about: keyof Takes): string {
  const takes = config.takes ?? (config.input ? JSON_BODY : NO_BODY);
  return `This route takes ${takes[about]}.`;
}
