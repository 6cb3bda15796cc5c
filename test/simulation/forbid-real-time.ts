/**
 * While a run goes on, nothing may look at the machine's clock, set a timer on it, or throw its dice: a run is the same
 * every time. What does so all the same throws, and the run fails.
 */
export function forbidRealTime(): () => void {
  const real = {
    now: Date.now,
    random: Math.random,
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
  };
  const forbidden = (what: string) => (): never => {
    throw new Error(`${what} was used inside a run: hand in Clock or Random`);
  };
  Date.now = forbidden('Date.now');
  Math.random = forbidden('Math.random');
  globalThis.setTimeout = forbidden('setTimeout') as unknown as typeof setTimeout;
  globalThis.setInterval = forbidden('setInterval') as unknown as typeof setInterval;
  return () => {
    Date.now = real.now;
    Math.random = real.random;
    globalThis.setTimeout = real.setTimeout;
    globalThis.setInterval = real.setInterval;
  };
}
