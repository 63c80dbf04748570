/** A started target of `bench accept`: `bare.ts` or `cardseal.ts`, run by `target.ts`. */
export interface Target {
  url: string;
  key: string;
  /** The number of writes per group, where known. */
  writes?: number[];
  stop(): Promise<void>;
}
