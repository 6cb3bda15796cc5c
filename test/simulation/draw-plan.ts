import { Dice } from './dice.ts';
import {
  type BackendPlan,
  type CalleePlan,
  type CalleeStep,
  type CallerPlan,
  type FaultPlan,
  KINDS,
  type Kind,
  type PeerPlan,
  type Plan,
  type ScriptPlan,
  type TalkAction,
} from './plan.ts';

/** Longest time from one thing to the next that a plan has, ms. */
const LONG = 20_000;
const RARELY = 0.03;

/** The plan of a seed. `only` fixes what the run is mainly about. */
export function drawPlan(seed: number, only?: Kind): Plan {
  const dice = new Dice(seed, 'plan');
  const drawn = dice.pick(KINDS);
  const kind = only ?? drawn;
  const answersAt = dice.moment(LONG);
  const callees = Array.from({ length: 3 }, () => drawCallee(dice, kind, answersAt));
  const script = drawScript(dice, kind);
  return {
    seed,
    kind,
    caller: drawCaller(dice, kind, answersAt),
    carrier: drawPeer(dice, kind),
    callees,
    backend: drawBackend(dice, kind),
    script,
    faults: drawFaults(dice, kind),
  };
}

function drawPeer(dice: Dice, kind: Kind): PeerPlan {
  const talks = kind === 'talk' ? dice.between(1, 5) : dice.chance(0.15) ? 1 : 0;
  const transport = dice.chance(kind === 'tcp' ? 0.8 : 0.1) ? 'tcp' : 'udp';
  const dies = dice.chance(kind === 'silent' ? 0.5 : RARELY);
  return {
    transport,
    actions: Array.from({ length: talks }, () => drawAction(dice)),
    reOffers: dice.pick(['accept', 'accept', 'slow', 'refuse', 'glare'] as const),
    sessionTimer: dice.chance(0.25) ? dice.pick(['server', 'itself', 'forgets'] as const) : 'none',
    diesAt: dies ? dice.moment(LONG) : undefined,
    // TCP repeats by itself what a short outage swallows, which the virtual network does not.
    cutOff:
      dice.chance(kind === 'silent' ? 0.4 : RARELY) && transport === 'udp'
        ? { at: dice.moment(LONG), ms: dice.between(100, 8_000) }
        : undefined,
    breaksAt:
      transport === 'tcp' && dice.chance(kind === 'tcp' ? 0.6 : 0.2)
        ? Array.from({ length: dice.between(1, 3) }, () => dice.moment(LONG))
        : [],
  };
}

function drawAction(dice: Dice): TalkAction {
  return {
    after: dice.moment(5_000),
    kind: dice.pick([
      're-invite',
      're-invite',
      'hold',
      'late-re-invite',
      'update',
      'info',
      'options',
      'message',
      'refer',
    ] as const),
  };
}

function drawCaller(dice: Dice, kind: Kind, answersAt: number): CallerPlan {
  const around = answersAt + dice.between(-30, 300);
  const anytime = dice.moment(LONG);
  const crossing = kind === 'crossing' || dice.chance(0.1);
  return {
    ...drawPeer(dice, kind),
    lateOffer: dice.chance(kind === 'talk' ? 0.3 : 0.1),
    digest: dice.chance(kind === 'challenge' ? 0.7 : 0.1),
    hangsUpAfter: crossing
      ? Math.max(0, around)
      : dice.chance(kind === 'hang-up' ? 0.9 : 0.5)
        ? anytime
        : undefined,
    byeWhileRinging: dice.chance(kind === 'hang-up' ? 0.2 : RARELY),
    neverAcks: dice.chance(kind === 'hang-up' ? 0.08 : 0.01),
    repeatsInvite: dice.chance(0.1),
    reliable: dice.pick(['none', 'none', 'supported', 'supported', 'required'] as const),
  };
}

const REFUSALS = [403, 404, 408, 480, 486, 488, 500, 502, 503, 504, 600, 603, 302, 300, 433, 699] as const;

function drawCallee(dice: Dice, kind: Kind, answersAt: number): CalleePlan {
  const forks = dice.chance(kind === 'fork' ? 0.9 : 0.05) ? dice.between(2, 4) : 1;
  const refuses = dice.chance(kind === 'refuse' ? 0.7 : 0.1);
  const never = dice.chance(kind === 'silent' ? 0.3 : 0.05);
  const finalStatus = refuses ? dice.pick(REFUSALS) : 200;
  return {
    steps: drawSteps(dice, { forks, finalStatus, never, answersAt, forking: kind === 'fork' }),
    sendsTrying: dice.chance(0.8),
    onCancel: dice.pick([
      'obey',
      'obey',
      'obey',
      kind === 'crossing' || dice.chance(0.2) ? 'late-200' : 'obey',
      dice.chance(0.3) ? 'slow' : 'obey',
      dice.chance(0.1) ? 'deaf' : 'obey',
    ] as const),
    hangsUpAfter: dice.chance(0.5) ? dice.moment(LONG) : undefined,
    byeBeforeAck: dice.chance(0.02),
    challenges: dice.chance(kind === 'challenge' ? 0.7 : RARELY)
      ? Array.from({ length: dice.between(1, 3) }, () => dice.pick([401, 407] as const))
      : [],
    firstCarrier: drawFirstCarrier(dice, kind),
    changesSdp: dice.chance(0.2),
  };
}

function drawFirstCarrier(dice: Dice, kind: Kind): CalleePlan['firstCarrier'] {
  if (!dice.chance(kind === 'failover' ? 0.8 : 0.05)) return 'takes';
  return dice.chance(0.2) ? 'silent' : dice.pick([503, 503, 500, 502, 504, 408, 480, 603]);
}

function drawSteps(
  dice: Dice,
  what: { forks: number; finalStatus: number; never: boolean; answersAt: number; forking: boolean },
): CalleeStep[] {
  const steps: CalleeStep[] = [];
  for (let fork = 0; fork < what.forks; fork++) {
    const rings = dice.between(0, 2);
    for (let i = 0; i < rings; i++) {
      const after = dice.random.int(Math.max(1, what.answersAt + 1));
      steps.push({
        after,
        status: dice.pick([180, 183, 181, 182]),
        sdp: dice.chance(0.35),
        reliable: dice.chance(0.3),
        fork,
      });
    }
    // Forks answer close to each other, so that several do.
    const answers = fork === 0 ? !what.never : dice.chance(0.6);
    const after = Math.max(0, what.answersAt + (fork === 0 ? 0 : dice.between(-20, 800)));
    const status = fork === 0 ? what.finalStatus : 200;
    if (answers) steps.push({ after, status, sdp: true, reliable: false, fork });
  }
  return steps.sort((a, b) => a.after - b.after);
}

function drawBackend(dice: Dice, kind: Kind): BackendPlan {
  const fails = dice.chance(kind === 'backend' ? 0.6 : 0.04);
  const slow = dice.chance(kind === 'backend' ? 0.6 : 0.2);
  return {
    delay: slow ? dice.moment(7_000) : dice.between(0, 20),
    answer: fails ? dice.pick(['not-found', 'error', 'nonsense', 'never', 'broken'] as const) : 'route',
  };
}

function drawScript(dice: Dice, kind: Kind): ScriptPlan {
  const style = dice.pick([
    'answer-late',
    'answer-late',
    'answer-late',
    'answer-late',
    'answer-first',
    'answer-first',
    'hunt',
    'both',
    dice.chance(0.4) ? 'ivr' : 'answer-late',
    dice.chance(0.3) ? 'reject' : 'answer-late',
  ] as const);
  return {
    style: kind === 'quickjs' ? 'quickjs' : style,
    latency: dice.pick([0, 1, 1, 3, 40, 600]),
    records: dice.chance(0.5),
    endsAfter: dice.chance(0.2) ? dice.moment(LONG) : undefined,
    diesAfter: dice.chance(kind === 'worker' ? 0.6 : 0.02) ? dice.moment(LONG) : undefined,
    talks: dice.chance(kind === 'talk' ? 0.5 : 0.05),
    holds: dice.chance(kind === 'talk' ? 0.5 : 0.05),
  };
}

function drawFaults(dice: Dice, kind: Kind): FaultPlan {
  const stormy = kind === 'storm' || dice.chance(0.25);
  return {
    latency: dice.pick([1, 1, 10, 40]),
    loss: stormy ? dice.pick([0, 0.05, 0.2, 0.4]) : 0,
    duplication: stormy ? dice.pick([0, 0.05, 0.3]) : 0,
    delay: stormy ? dice.pick([0, 30, 600, 3_000]) : 0,
    delayed: stormy ? dice.pick([0.1, 0.5]) : 0,
    slice: dice.pick([0, 0, 200, 30]),
    database:
      kind === 'database' || dice.chance(RARELY)
        ? { at: dice.moment(LONG), ms: dice.between(1, 15_000) }
        : undefined,
    databaseMs: dice.pick([0, 1, 5, 300]),
    mediaDiesAt: dice.chance(kind === 'worker' ? 0.5 : 0.02) ? dice.moment(LONG) : undefined,
    drainAt: kind === 'drain' || dice.chance(RARELY) ? dice.moment(LONG) : undefined,
    drainMs: dice.pick([0, 500, 30_000]),
  };
}
