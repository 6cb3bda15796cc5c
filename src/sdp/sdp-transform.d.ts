/** The library has no types of its own. What it returns is a stranger's data, so it is `unknown` until it was read. */
declare module 'sdp-transform' {
  const library: { parse(sdp: string): unknown };
  export default library;
}
