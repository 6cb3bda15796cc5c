/** Names for what stands in requests and answers. */
import type { Operations } from './schema.ts';

/** Two people, or more, who may talk by a service number, and until when. */
export type MaskingSession = Operations['getMaskingSession']['answer'];
export type Party = MaskingSession['parties'][number];
export type NewMaskingSession = Operations['createMaskingSession']['body'];
export type NewParty = NewMaskingSession['parties'][number];
export type SessionChange = Operations['changeMaskingSession']['body'];
export type PartyChange = Operations['changeMaskingParty']['body'];
/** What became of each of many: a session, or why there is none. */
export type BulkOutcome = Operations['createMaskingSessions']['answer'];

export type Block = Operations['addBlock']['answer'];
export type NewBlock = Operations['addBlock']['body'];

export type NumberPool = Operations['putNumberPool']['answer'];
export type ServiceNumber = Operations['changeNumber']['answer'];
export type NumberPlan = Operations['planNumbers']['answer'];

/** How the calls of an application are resolved. */
export type RoutingPolicy = Operations['putRoutingPolicy']['body'];
export type Explanation = Operations['explain']['answer'];

/** What happened to a session or a call; docs/guide/events.md has each type. People are tokens in it. */
export type MasklineEvent = Operations['listEvents']['answer']['items'][number];
/** An event as a webhook brings it. */
export type WebhookEvent = Omit<MasklineEvent, 'cursor'>;
export type Webhook = Operations['getWebhook']['answer'];
export type Delivery = Operations['listDeliveries']['answer']['items'][number];

/** What was erased of a person, and what the server cannot find by a number. */
export type ErasureReceipt = Operations['getErasure']['answer'];
/** Who was shown digits, or did what cannot be undone. */
export type AuditEntry = Operations['listAuditLog']['answer']['items'][number];
