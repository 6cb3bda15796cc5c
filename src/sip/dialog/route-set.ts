/** Route sets (RFC 3261 §12.1, §12.2.1.1): pure functions (PITFALLS row 9). */
import { recordRoutes } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { NameAddr, SipRequest, SipResponse, Uri } from '../message/types.ts';
import { formatUri, isSipUri } from '../message/uri.ts';

/** Fixed when the dialog is created; in the order in which requests of ours visit it. */
export type RouteSet = readonly NameAddr[];

/** §12.1.1: Record-Route of the request, in order. */
export function routeSetOfUas(request: SipRequest): RouteSet {
  return recordRoutes(request);
}

/** §12.1.2: Record-Route of the response, reversed. */
export function routeSetOfUac(response: SipResponse): RouteSet {
  return [...recordRoutes(response)].reverse();
}

/** Where a request goes: its Request-URI, its Route values, and the URI whose address it is sent to (§8.1.2). */
export interface RequestPath {
  readonly requestUri: string;
  readonly routes: readonly string[];
  readonly nextHop: Uri;
}

/** §12.2.1.1, with loose and strict routers. */
export function requestPath(routeSet: RouteSet, remoteTarget: Uri): RequestPath {
  const [first, ...rest] = routeSet;
  if (first === undefined) return { requestUri: formatUri(remoteTarget), routes: [], nextHop: remoteTarget };
  if (isLooseRouter(first.uri)) {
    return {
      requestUri: formatUri(remoteTarget),
      routes: routeSet.map(formatNameAddr),
      nextHop: first.uri,
    };
  }
  // A strict router wants itself as the Request-URI, and the target as the last Route.
  const target: NameAddr = { uri: remoteTarget, params: new Map() };
  return {
    requestUri: formatUri(withoutForbidden(first.uri)),
    routes: [...rest, target].map(formatNameAddr),
    nextHop: first.uri,
  };
}

/** `lr` is a parameter of the URI, by that very name: `lrx` is not it. */
function isLooseRouter(uri: Uri): boolean {
  return isSipUri(uri) && uri.params.has('lr');
}

/** §19.1.1, table 1: no method parameter and no headers in a Request-URI. */
function withoutForbidden(uri: Uri): Uri {
  if (!isSipUri(uri)) return uri;
  const params = new Map(uri.params);
  params.delete('method');
  return { ...uri, params, headers: new Map() };
}
