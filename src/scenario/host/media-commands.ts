/** Commands about players, recorders and who hears whom. */
import type { HostCommand, MediaRef } from '../protocol.ts';
import { playIntoCall, SessionPlayers } from './players.ts';
import { SessionRecorders } from './recorders.ts';
import type { EdgeOwner, SessionContext } from './session-context.ts';

export type MediaCommand = Extract<
  HostCommand,
  {
    type:
      | 'call-play'
      | 'call-stop-playback'
      | 'call-record'
      | 'media-connect'
      | 'media-disconnect'
      | 'player-create'
      | 'player-pause'
      | 'player-resume'
      | 'player-stop'
      | 'player-mark'
      | 'recorder-create'
      | 'recorder-mute'
      | 'recorder-stop';
  }
>;

export class MediaCommands {
  readonly players: SessionPlayers;
  readonly recorders: SessionRecorders;
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
    this.players = new SessionPlayers(context);
    this.recorders = new SessionRecorders(context);
    context.edgeOwners.set('recorder', {
      connect: (from, to) => this.recorders.feed(to.id, keyOf(from)),
      disconnect: (from, to) => this.recorders.unfeed(to.id, keyOf(from)),
    });
  }

  run(command: MediaCommand): void {
    switch (command.type) {
      case 'media-connect':
        this.#connect(command.from, command.to);
        return;
      case 'media-disconnect':
        this.#disconnect(command.from, command.to);
        return;
      case 'player-create':
        this.players.create(command.playerId, command.source, command);
        return;
      case 'player-pause':
        this.players.pause(command.playerId);
        return;
      case 'player-resume':
        this.players.resume(command.playerId);
        return;
      case 'player-stop':
        this.players.stop(command.playerId);
        return;
      case 'player-mark':
        this.players.mark(command.playerId, command.offset, command.segment);
        return;
      case 'recorder-create':
        this.recorders.create(command.recorderId, command.wish);
        return;
      case 'recorder-mute':
        this.recorders.mute(command.recorderId, command.on);
        return;
      case 'recorder-stop':
        this.recorders.stop(command.recorderId);
        return;
      default:
        this.#ofCall(command);
    }
  }

  /** Closes everything; what is to be written to disk is finished in the background (`holdEnd`). */
  close(): void {
    this.players.close();
    this.recorders.close();
    for (const owned of this.#context.calls.values()) owned.playback?.stop();
  }

  #ofCall(command: Extract<MediaCommand, { callId: string }>): void {
    const owned = this.#context.calls.get(command.callId);
    if (owned === undefined || owned.call.state === 'TERMINATED') return;
    if (command.type === 'call-play') playIntoCall(this.#context, owned, command.source, command.loop);
    else if (command.type === 'call-stop-playback') owned.playback?.stop();
    else this.recorders.recordCall(owned, command.stereo, command.wish);
  }

  #ownerOf(from: MediaRef, to: MediaRef): EdgeOwner | undefined {
    const { edgeOwners } = this.#context;
    return edgeOwners.get(to.kind) ?? edgeOwners.get(from.kind);
  }

  #connect(from: MediaRef, to: MediaRef): void {
    const owner = this.#ownerOf(from, to);
    if (owner === undefined) this.#context.graph.connect(keyOf(from), keyOf(to));
    else owner.connect(from, to);
  }

  #disconnect(from: MediaRef, to: MediaRef): void {
    const owner = this.#ownerOf(from, to);
    if (owner === undefined) this.#context.graph.disconnect(keyOf(from), keyOf(to));
    else owner.disconnect(from, to);
  }
}

export function keyOf(ref: MediaRef): string {
  return `${ref.kind}:${ref.id}`;
}
