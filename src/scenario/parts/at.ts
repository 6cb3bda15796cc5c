/** What every event has. */
export interface At {
  /** Milliseconds since the epoch at which the event happened. */
  readonly at: number;
}
