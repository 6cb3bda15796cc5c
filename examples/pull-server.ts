/** What the backends that are asked at call time (pull) have in common: who asks, where, and what callers hear who are unknown. */
import { type Maskline, SignatureError, verifySigned } from 'maskline/client';
import { type Reply, type Request, type Routes, type Running, serve } from './http-server.ts';

export interface PullOptions {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}

export interface PullBackend<Question> {
  /** Whom the caller shall reach; docs/guide/masking.md has all answers. */
  answer(question: Question): object;
  /** Of the policy: whether questions hold numbers, and for how long an answer is used while the backend is down. */
  readonly pull: { readonly numbers?: boolean; readonly downSeconds: number };
  /** Said to callers whom nobody knows. */
  readonly unknown: string;
  /** The backend's own pages. */
  readonly routes: Routes;
}

/** Opens the backend, and tells Maskline where it is. */
export async function servePull<Question>(
  options: PullOptions,
  { answer, pull, unknown, routes }: PullBackend<Question>,
): Promise<Running> {
  const { maskline } = options;
  // With what Maskline signs its questions: nobody else is answered.
  let secret: readonly string[] = [];
  const asked = async ({ raw, headers }: Request): Promise<Reply> => {
    try {
      const { body } = await verifySigned<Question>({ body: raw, headers }, { secret });
      return [200, answer(body)];
    } catch (error) {
      if (error instanceof SignatureError) return [400, { error: error.message }];
      throw error;
    }
  };
  const running = await serve(options, { ...routes, 'POST /masking': asked });
  await maskline.policy.set({
    // Whoever asks the truth of the moment uses no answer twice while the backend is up.
    pull: { url: `${running.url}/masking`, freshSeconds: 0, staleSeconds: 0, ...pull },
    unknown: { kind: 'announce', announcement: { kind: 'say', text: unknown, language: 'en-GB' } },
  });
  secret = await maskline.policy.secrets();
  return running;
}
