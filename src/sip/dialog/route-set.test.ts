import { describe, expect, it } from 'vitest';
import { parseNameAddr } from '../message/name-addr.ts';
import { formatUri, parseUri } from '../message/uri.ts';
import { peerRequest, peerResponse } from '../transaction/test-support.ts';
import { requestPath, routeSetOfUac, routeSetOfUas } from './route-set.ts';

const routeSet = (...values: string[]) => values.map(parseNameAddr);
const target = parseUri('sip:user@remoteua');

describe('[row 9] route sets', () => {
  it('[row 9] [RFC 3261 §16.12.1.1] the trapezoid: in order for the callee, reversed for the caller', () => {
    const fields = [
      ['Record-Route', '<sip:p2.domain.com;lr>'],
      ['Record-Route', '<sip:p1.example.com;lr>'],
    ] as const;
    const invite = peerRequest('INVITE', { fields, contact: '<sip:caller@u1.example.com>' });
    expect(requestPath(routeSetOfUas(invite), parseUri('sip:caller@u1.example.com'))).toMatchObject({
      requestUri: 'sip:caller@u1.example.com',
      routes: ['<sip:p2.domain.com;lr>', '<sip:p1.example.com;lr>'],
    });
    const ok = peerResponse(invite, 200);
    expect(requestPath(routeSetOfUac(ok), parseUri('sip:callee@u2.domain.com'))).toMatchObject({
      requestUri: 'sip:callee@u2.domain.com',
      routes: ['<sip:p1.example.com;lr>', '<sip:p2.domain.com;lr>'],
    });
  });

  it('[row 9] [RFC 3261 §16.12.1.2] a strict router further on changes nothing for us', () => {
    const routes = ['<sip:p4.domain.com;lr>', '<sip:p3.middle.com>', '<sip:p2.example.com;lr>'];
    const path = requestPath(routeSet(...routes), parseUri('sip:caller@u1.example.com'));
    expect(path).toMatchObject({ requestUri: 'sip:caller@u1.example.com', routes });
    expect(formatUri(path.nextHop)).toBe('sip:p4.domain.com;lr');
  });

  it('[row 9] [RFC 3261 §12.2.1.1] a strict router first: it is the Request-URI, the target the last Route', () => {
    const path = requestPath(
      routeSet('<sip:proxy1>', '<sip:proxy2>', '<sip:proxy3;lr>', '<sip:proxy4>'),
      target,
    );
    expect(path.requestUri).toBe('sip:proxy1');
    expect(path.routes).toEqual(['<sip:proxy2>', '<sip:proxy3;lr>', '<sip:proxy4>', '<sip:user@remoteua>']);
    expect(formatUri(path.nextHop)).toBe('sip:proxy1');
  });

  it('[row 9] lr is a parameter of the URI by that very name', () => {
    for (const strict of ['<sip:p1;lrx>', '<sip:p1>;lr', '<sip:lr@p1>'])
      expect(requestPath(routeSet(strict), target).routes).toEqual(['<sip:user@remoteua>']);
    for (const loose of ['<sip:p1;lr>', '<sip:p1;lr=on>', '<sip:p1;LR>'])
      expect(requestPath(routeSet(loose), target).requestUri).toBe('sip:user@remoteua');
  });

  it('[row 9] [RFC 3261 §19.1.1] a strict router in the Request-URI loses method and headers', () => {
    expect(requestPath(routeSet('<sip:p1;method=INVITE;x=1?Subject=a>'), target).requestUri).toBe(
      'sip:p1;x=1',
    );
  });

  it('without a route set the target is all', () => {
    expect(requestPath([], target)).toEqual({ requestUri: 'sip:user@remoteua', routes: [], nextHop: target });
  });
});
