/**
 * What the keeper hears of scenario sessions: the same shape as `ScenarioSessionEvents` of `scenario/ports.ts`, which
 * records may not import.
 */
export interface SessionEvents {
  started: {
    readonly sessionId: string;
    readonly applicationId: string;
    readonly ruleName: string;
    readonly scenario: string;
    readonly inbound: boolean;
  };
  log: { readonly sessionId: string; readonly level: 'info' | 'warn' | 'error'; readonly message: string };
  ended: { readonly sessionId: string } & SessionEnd;
}

export interface SessionEnd {
  readonly reason: string;
  readonly error: ScriptError | undefined;
}

export interface ScriptError {
  readonly message: string;
  readonly scenario: string;
  readonly line: number | undefined;
}
