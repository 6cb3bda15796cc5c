/** A text that does not follow RFC 3261 §25. The message never quotes the text, so that it may be logged. */
export class SipSyntaxError extends Error {
  override readonly name = 'SipSyntaxError';
}
