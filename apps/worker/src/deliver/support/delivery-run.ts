/** The result of one run of a delivery: the pipeline returns it, and the processor applies it to BullMQ's job. */
export type DeliveryRun =
  | { kind: 'done' }
  /** Every attempt is spent; the delivery is exhausted and can be sent again. */
  | { kind: 'exhausted'; class: string }
  /**
   * `scheduled`: until its next attempt is due, which a resend can bring forward at any time. `faults`: the number of
   * consecutive runs that a fault on Cardseal's side stopped.
   */
  | { kind: 'postpone'; delayMs: number; late: boolean; scheduled?: true; faults?: number }
  /** The endpoint's limit is reached: another delivery will promote it. */
  | { kind: 'wait'; place: number };
