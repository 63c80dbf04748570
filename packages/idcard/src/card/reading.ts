/**
 * The content of one image's reply, typed and provider-neutral. Providers produce it, and checks use it. Keys in
 * snake_case go into the result unchanged; keys in camelCase stay internal.
 */
import type { CardFields, FieldName, Other, Side } from './fields.ts';

/** Pixels of the image that was sent, from its upper left corner. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface FieldReading {
  /** The text as the provider read it, at most 256 characters, never empty. */
  text: string;
  box?: Box;
}

export type ImageStatus =
  | 'normal'
  | 'reversed_side'
  | 'non_idcard'
  | 'blurred'
  | 'other_type_card'
  | 'over_exposure'
  | 'over_dark'
  | 'unknown'
  | Other;

export type RiskType = 'normal' | 'copy' | 'temporary' | 'screen' | 'screenshot' | 'unknown' | Other;

/** The rotation of the card in the image, counted counter-clockwise. */
export type Direction = 'upright' | 'rotated_90' | 'rotated_180' | 'rotated_270' | 'unknown' | Other;

/** The provider's own comparison of the number with the printed sex and birth date. */
export type NumberCheck =
  | 'consistent'
  | 'fields_empty'
  | 'number_illegal'
  | 'sex_and_birth_date_differ'
  | 'birth_date_differs'
  | 'sex_differs'
  | Other;

/** One aspect of image quality as the provider reports it; the tenant's thresholds are not applied here. */
export interface QualityAspect {
  /** The provider's own flag. */
  ok?: boolean;
  /** 0–1, the provider's confidence that the aspect is good. */
  probability?: number;
}

export const QUALITY_ASPECTS = ['clear', 'complete', 'uncovered'] as const;
export type QualityAspectName = (typeof QUALITY_ASPECTS)[number];
export type Quality = Partial<Record<QualityAspectName, QualityAspect>>;

export interface Risk {
  type: RiskType;
  /** Name of the program that edited the image; absent when none was found. */
  edit_tool?: string;
}

/**
 * A part that the provider cut out of the image: the bytes as sent (JPEG), and their position in the image. At least
 * one of the two.
 */
export interface Crop {
  bytes?: Buffer;
  box?: Box;
}

export interface SideReading {
  declaredSide: Side;
  /** The side that the fields belong to; `null` when no field was read. */
  shownSide: Side | null;
  image_status: ImageStatus;
  direction?: Direction;
  risk?: Risk;
  quality?: Quality;
  number_check?: NumberCheck;
  fields: Partial<Record<FieldName, FieldReading>>;
  card: Partial<CardFields>;
  /** The provider's id of the call, digit for digit. */
  log_id?: string;
  provider: string;
  portrait?: Crop;
  crop?: Crop;
}
