/** Parameters of a URI or a header, in order. Names are lower case; a flag without `=` has the value `null`. */
export type Params = ReadonlyMap<string, string | null>;

export const NO_PARAMS: Params = new Map();
