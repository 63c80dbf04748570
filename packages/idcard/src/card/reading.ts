/**
 * What one picture's reply says, typed and provider-neutral. It stands between a provider's reader and the checks;
 * keys in snake_case go into the result as they are, keys in camelCase stay inside.
 */
import type { CardFields, FieldName, Other, Side } from './fields.ts';

/** Pixels of the picture that was sent, from its upper left corner. */
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

/** How the card lies in the picture, counted counter-clockwise. */
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

/** One aspect of picture quality as the provider sees it; thresholds are the tenant's and are not applied here. */
export interface QualityAspect {
  /** The provider's own flag. */
  ok?: boolean;
  /** 0–1, how sure the provider is that the aspect is good. */
  probability?: number;
}

export const QUALITY_ASPECTS = ['clear', 'complete', 'uncovered'] as const;
export type QualityAspectName = (typeof QUALITY_ASPECTS)[number];
export type Quality = Partial<Record<QualityAspectName, QualityAspect>>;

export interface Risk {
  type: RiskType;
  /** Name of the program that edited the picture; absent when none was found. */
  edit_tool?: string;
}

/** What the provider cut out of the image: the bytes as sent (JPEG), and where they are in the image. At least one. */
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
