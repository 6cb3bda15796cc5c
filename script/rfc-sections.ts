/**
 * What of which RFC this project does, section by section: the rows of docs/reference/sip.md. A test may name a deeper
 * section than a row (`§17.1.1.2` shows `§17.1.1`), and every section that a test names must have a row.
 */
export interface RfcRows {
  readonly rfc: number;
  readonly title: string;
  /** Section (without §), table or appendix → what it is about, in the RFC's order. Empty: the whole document. */
  readonly sections: Readonly<Record<string, string>>;
  /** Call flows and test messages: no file does them, all of them together do. */
  readonly isFlows?: boolean;
}

export const RFC_ROWS: readonly RfcRows[] = [
  {
    rfc: 3261,
    title: 'SIP',
    sections: {
      '7.3': 'Header fields: folding, lists, compact forms',
      '8.1.1': 'Making a request',
      '8.1.3.2': 'Responses that we do not know',
      '8.1.3.4': 'Redirections',
      '8.1.3.5': 'Refusals that ask for another try',
      '8.2.1': 'Method inspection: 405 with Allow',
      '8.2.2.1': 'To and Request-URI: 416 and 404',
      '8.2.2.2': 'Merged requests: 482',
      '8.2.2.3': 'Require: 420 with Unsupported',
      '8.2.3': 'Bodies that we cannot read: 415 with Accept',
      '8.2.6': 'Making a response',
      '8.2.7': 'Answers without state',
      '9.1': 'CANCEL, client',
      '9.2': 'CANCEL, server',
      '10.2': 'REGISTER: adding, refreshing, removing, asking',
      '10.3': 'REGISTER, the registrar',
      '11': 'OPTIONS, both roles',
      '12.1': 'Making a dialog',
      '12.2.1': 'Requests within a dialog, client',
      '12.2.2': 'Requests within a dialog, server',
      '13.2.1': 'The first INVITE, client',
      '13.2.2': 'Its responses: 1xx, 2xx of several forks, failures',
      '13.3.1': 'The first INVITE, server: progress, refusal, 2xx until ACK',
      '14.1': 'Re-INVITE of ours, and glare',
      '14.2': 'Re-INVITE of the peer',
      '15': 'BYE',
      '16.3': 'Loops and Max-Forwards',
      '16.6': 'Forwarding: what a B2BUA carries on (Max-Forwards)',
      '16.7': 'Several answers of one call: the best one, the rest cancelled',
      '16.12': 'Route sets through proxies, also strict ones',
      '17.1.1': 'INVITE client transaction',
      '17.1.2': 'Non-INVITE client transaction',
      '17.1.3': 'Matching responses',
      '17.2.1': 'INVITE server transaction',
      '17.2.2': 'Non-INVITE server transaction',
      '17.2.3': 'Matching requests',
      '18.1.1': 'Transport, client: sending requests, size, connections',
      '18.1.2': 'Transport, client: receiving responses',
      '18.2.1': 'Transport, server: receiving requests',
      '18.2.2': 'Transport, server: sending responses',
      '18.3': 'Content-Length and streams',
      '18.4': 'Transport errors',
      '19.1.1': 'SIP and SIPS URIs: parts',
      '19.1.2': 'SIP URIs: characters and escapes',
      '19.1.4': 'SIP URIs: comparison',
      '19.3': 'Tags',
      '20.10': 'Contact',
      '20.14': 'Content-Length',
      '20.33': 'Retry-After',
      '20.42': 'Via',
      '20.44': 'WWW-Authenticate',
      '21.3': 'Redirections, as what they end',
      '21.4.26': '488',
      '21.5.4': '503 and Retry-After',
      '22.1': 'Digest: framework',
      '22.2': 'Digest: user to user',
      '22.3': 'Digest: proxy to user',
      '22.4': 'Digest: the scheme',
      '26.2.1': 'TLS between neighbours',
      '26.2.2': 'sips',
      '26.3.1': 'TLS of servers',
      '26.3.2': 'TLS: checking who answers',
      'table 4': 'Timers on reliable and unreliable transports',
    },
  },
  {
    rfc: 2069,
    title: 'Old digest',
    sections: {
      '': 'Without qop',
    },
  },
  {
    rfc: 2617,
    title: 'Old digest',
    sections: {
      '3.5': 'The example',
    },
  },
  {
    rfc: 2782,
    title: 'SRV',
    sections: {
      '': 'Order and weight',
    },
  },
  {
    rfc: 3262,
    title: 'Reliable provisional responses',
    sections: {
      '3': 'As a server: RSeq, repetition, PRACK',
      '4': 'As a client: order, PRACK',
      '5': 'Offers and answers in them',
    },
  },
  {
    rfc: 3263,
    title: 'Finding SIP servers',
    sections: {
      '4.1': 'Which transport: NAPTR',
      '4.2': 'Which address and port: SRV, A, AAAA',
      '4.3': 'Failing over to the next',
    },
  },
  {
    rfc: 3264,
    title: 'Offer and answer',
    sections: {
      '5.1': 'Offers',
      '6': 'Answers',
      '8.3.2': 'Changing payload types',
      '8.4': 'Hold',
    },
  },
  {
    rfc: 3311,
    title: 'UPDATE',
    sections: {
      '5.1': 'Sending',
      '5.2': 'Receiving: 491 and 500',
    },
  },
  {
    rfc: 3323,
    title: 'Privacy',
    sections: {
      '4.1.1.3': 'Anonymous callers',
    },
  },
  {
    rfc: 3325,
    title: 'Asserted identity',
    sections: {
      '7': 'Privacy: id',
      '9.1': 'P-Asserted-Identity',
    },
  },
  {
    rfc: 3326,
    title: 'Reason',
    sections: {
      '2': 'Answered elsewhere and others',
    },
  },
  {
    rfc: 3389,
    title: 'Comfort noise',
    sections: {
      '4': 'Telling it from sound',
    },
  },
  {
    rfc: 3428,
    title: 'MESSAGE',
    sections: {
      '4': 'Sending',
      '7': 'Receiving',
    },
  },
  {
    rfc: 3515,
    title: 'REFER',
    sections: {
      '2.1': 'Refer-To',
      '2.4.2': 'Accepting and refusing',
      '2.4.4': 'Telling how it goes: NOTIFY',
      '2.4.5': 'What a NOTIFY says',
      '2.4.6': 'Several in one dialog',
      '2.4.7': 'How long it lasts',
    },
  },
  {
    rfc: 3550,
    title: 'RTP and RTCP',
    sections: {
      '5.1': 'RTP header',
      '5.3.1': 'Header extension: dropped',
      '6.1': 'RTCP compounds',
      '6.2': 'How often',
      '6.4': 'Sender and receiver reports',
      '6.6': 'BYE',
      '11': 'Ports',
      'A.1': 'Validity of packets and streams',
      'A.2': 'Validity of RTCP',
      'A.3': 'Loss',
      'A.8': 'Jitter',
    },
  },
  {
    rfc: 3551,
    title: 'RTP profile',
    sections: {
      '4.5.2': 'G.722: a clock of 8000 for 16 kHz',
      '6': 'Static payload types',
    },
  },
  {
    rfc: 3581,
    title: 'rport',
    sections: {
      '4': 'Where the answer goes',
    },
  },
  {
    rfc: 3665,
    isFlows: true,
    title: 'Basic call flows',
    sections: {
      '2.1': 'Registration',
      '2.2': 'Changing contacts',
      '2.3': 'Asking for contacts',
      '2.4': 'Removing them',
      '2.5': 'Unsuccessful registration',
      '3.2': 'A call through proxies',
      '3.3': 'With authentication',
      '3.9': 'Cancelled',
      '3.11': 'Busy',
    },
  },
  {
    rfc: 3711,
    title: 'SRTP',
    sections: {
      '3.1': 'Packets',
      '3.3': 'Packet index, rollover counter, replay',
      '3.4': 'SRTCP',
      '4.1.1': 'AES in counter mode',
      '4.2': 'Authentication',
      '4.3': 'Key derivation',
      '9.1': 'One key stream never twice',
    },
  },
  {
    rfc: 3891,
    title: 'Replaces',
    sections: {
      '3': 'Refused cleanly',
    },
  },
  {
    rfc: 3966,
    title: 'tel: URIs',
    sections: {
      '5.1.1': 'Visual separators',
      '5.1.5': 'phone-context',
    },
  },
  {
    rfc: 4028,
    title: 'Session timers',
    sections: {
      '4': 'Headers',
      '7.1': 'As a client',
      '7.2': 'Answer of the server',
      '7.3': '422',
      '7.4': 'Refreshing',
      '9': 'As a server: who refreshes',
      '10': 'When the session expires',
    },
  },
  {
    rfc: 4475,
    isFlows: true,
    title: 'Torture tests',
    sections: {
      '3': 'All 49 messages',
    },
  },
  {
    rfc: 4488,
    title: 'REFER without subscription',
    sections: {
      '4': 'Refer-Sub',
    },
  },
  {
    rfc: 4568,
    title: 'SDES',
    sections: {
      '5.1': 'Offer and answer',
      '6': 'Suites, keys and session parameters',
      '7.1': 'Offering, answering, changing keys',
      '9.1': 'a=crypto',
    },
  },
  {
    rfc: 4733,
    title: 'DTMF as telephone-event',
    sections: {
      '2.5.1': 'Sending and receiving events',
    },
  },
  {
    rfc: 4916,
    title: 'Connected identity',
    sections: {
      '4.3': 'It changes, and never crosses',
      '4.4': 'In answers, and never crosses',
    },
  },
  {
    rfc: 5359,
    isFlows: true,
    title: 'Service flows',
    sections: {
      '2.1': 'Hold',
      '2.2': 'Consultation hold',
      '2.4': 'Transfer, unattended',
      '2.5': 'Transfer, attended',
      '2.9': 'Forwarding when nobody answers',
    },
  },
  {
    rfc: 5621,
    title: 'Bodies',
    sections: {
      '3.1': 'multipart',
    },
  },
  {
    rfc: 5626,
    title: 'Client-initiated connections',
    sections: {
      '3.5.1': 'CRLF keep-alive',
      '5.3': 'Requests over the flow of a registration',
    },
  },
  {
    rfc: 5761,
    title: 'RTCP on the RTP port',
    sections: {
      '4': 'Telling them apart',
      '5.1.1': 'Offer and answer',
    },
  },
  {
    rfc: 5922,
    title: 'Certificates of domains',
    sections: {
      '7.1': 'Names in a certificate',
      '7.2': 'Comparing them',
      '7.3': 'As a client',
      '7.4': 'As a server',
    },
  },
  {
    rfc: 6026,
    title: 'Correction of INVITE transactions',
    sections: {
      '7.1': 'Server: accepted',
      '7.2': 'Client: accepted',
    },
  },
  {
    rfc: 6157,
    title: 'IPv4 and IPv6',
    sections: { 4: 'Media: each leg in the version of its peer' },
  },
  {
    rfc: 6188,
    title: 'AES-256 in SRTP',
    sections: {
      '7.1': 'Vectors',
      '7.2': 'Key derivation',
    },
  },
  {
    rfc: 6228,
    title: '199',
    sections: {
      '4': 'An early dialog that is over',
    },
  },
  {
    rfc: 6665,
    title: 'Events',
    sections: {
      '4.1.3': 'NOTIFY of nobody: 481',
      '4.2.2': 'Unknown events: 489',
    },
  },
  {
    rfc: 7022,
    title: 'CNAME',
    sections: {
      '4.2': 'Random',
    },
  },
  {
    rfc: 7118,
    title: 'SIP over WebSocket',
    sections: {
      '4': 'Handshake and frames',
      '5': 'SIP over it',
      '6': 'Keeping it open',
    },
  },
  {
    rfc: 7332,
    title: 'Loops',
    sections: {
      '4': 'Max-Breadth and Max-Forwards',
    },
  },
  {
    rfc: 7616,
    title: 'Digest',
    sections: {
      '3.3': 'Challenge',
      '3.4': 'Response',
      '3.9.1': 'The example with MD5 and SHA-256',
      '3.9.2': 'The example with SHA-512-256: not known to us',
    },
  },
  {
    rfc: 7714,
    title: 'AES-GCM in SRTP',
    sections: {
      '16.1': 'Vectors',
    },
  },
  {
    rfc: 8643,
    title: 'Opportunistic SRTP',
    sections: {
      '3': 'a=crypto in RTP/AVP',
    },
  },
  {
    rfc: 8760,
    title: 'SHA-256 in SIP',
    sections: {
      '2.3': 'Several challenges',
      '2.4': 'Choosing among them',
    },
  },
  {
    rfc: 8866,
    title: 'SDP',
    sections: {
      '5': 'Reading and writing',
      '6.5': 'rtpmap and ptime',
    },
  },
];
