/**
 * For every Node that tests start. Optimising the WebAssembly of the embedded database and of the sandbox costs more CPU than
 * a test has use for: a fifth of the start of a node.
 */
export const NODE_FLAGS: readonly string[] = ['--liftoff-only'];
