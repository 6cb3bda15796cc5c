/**
 * What speech cannot do, in a sentence for the author of a script; it never holds what was said or heard. `blame` tells
 * the circuit breaker whether the provider is at fault, or what it was asked for.
 */
export class SpeechError extends Error {
  override readonly name: string = 'SpeechError';
  readonly blame: 'provider' | 'request';

  constructor(message: string, blame: 'provider' | 'request' = 'provider') {
    super(message);
    this.blame = blame;
  }
}
