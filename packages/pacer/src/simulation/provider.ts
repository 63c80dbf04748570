/** How a provider can count a second: from the full second, or back from each call. */

export type WindowKind = 'fixed' | 'sliding';

export class Provider {
  readonly #window: WindowKind;
  readonly #countsRefused: boolean;
  #counted: number[] = [];

  constructor(window: WindowKind, countsRefused: boolean) {
    this.#window = window;
    this.#countsRefused = countsRefused;
  }

  accepts(atUs: number, limit: number): boolean {
    const fromUs = this.#window === 'fixed' ? Math.floor(atUs / 1_000_000) * 1_000_000 : atUs - 1_000_000 + 1;
    this.#counted = this.#counted.filter((at) => at >= fromUs);
    const ok = this.#counted.length < limit;
    if (ok || this.#countsRefused) this.#counted.push(atUs);
    return ok;
  }
}
