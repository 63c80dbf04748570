/**
 * The codes for a provider's refusal of an image, with a sentence for the end user. They are Cardseal's own: each provider
 * maps its codes to these, and its tests compare its table with this list.
 */
const IMAGE_REFUSAL_MESSAGES = {
  card_not_found: 'No ID card was found. Please show the whole card, flat and sharp.',
  image_blank: 'The image is empty. Please send it again.',
  image_format_refused: 'The image is not a JPEG, PNG or BMP that can be read.',
  image_proportions_refused: 'The image is too long and narrow. Please show the card alone.',
  image_size_refused: 'The image is too small or too large in pixels. Please take a new one.',
  image_too_large: 'The image is too large. Please send a smaller one.',
  image_unreadable: 'The image cannot be read. Please take a new one.',
} as const;

export type ImageRefusal = keyof typeof IMAGE_REFUSAL_MESSAGES;

export const IMAGE_REFUSALS = Object.keys(IMAGE_REFUSAL_MESSAGES) as readonly ImageRefusal[];

/** The sentence for the end user; undefined for a code that is no refusal of an image. */
export function refusalMessage(code: string): string | undefined {
  return Object.hasOwn(IMAGE_REFUSAL_MESSAGES, code) ? IMAGE_REFUSAL_MESSAGES[code as ImageRefusal] : undefined;
}
