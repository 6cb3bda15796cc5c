/** A phone may register over TLS and WebSocket too. */
export const statements: readonly string[] = [
  `alter table registrations drop constraint registrations_transport_check`,
  `alter table registrations add constraint registrations_transport_check
     check (transport in ('udp', 'tcp', 'tls', 'ws', 'wss'))`,
];
