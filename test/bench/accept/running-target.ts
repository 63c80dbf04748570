/** A started target of `bench accept`, as `bare.ts` and `cardseal.ts` give it to `target.ts`. */
export interface Target {
  url: string;
  key: string;
  /** How many writes it makes together, and how many after those, where it knows. */
  writes?: number[];
  stop(): Promise<void>;
}
