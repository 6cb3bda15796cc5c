// Joins two people who do not learn each other's number. Who is meant by a call, and what is said and recorded, was decided by
// the masking service (docs/guide/masking.md); this script says it, rings, and puts them through. Copy it to change it:
// docs/guide/scripts-with-masking.md tells what `Masking` can do. A rule's custom data may be keys, such as *9, by which
// whoever is called gets rid of the caller for good.
require(Modules.Masking);

const WORDS = {
  en: {
    option: (label, key) => `For ${label}, press ${key}.`,
    extension: 'Please enter the extension, then press the hash key.',
    again: 'That was not right.',
    busy: 'The line is busy. Please call again later.',
    silent: 'Nobody answers at the moment. Please call again later.',
    refused: 'This call cannot be connected.',
    unknown: 'There is no order for this call.',
    failed: 'We cannot connect you at the moment. Please call again later.',
    alone: 'This caller will not reach you again.',
  },
  ru: {
    option: (label, key) => `${label}: нажмите ${key}.`,
    extension: 'Введите добавочный номер и нажмите решётку.',
    again: 'Такого варианта нет.',
    busy: 'Абонент занят. Пожалуйста, перезвоните позже.',
    silent: 'Абонент не отвечает. Пожалуйста, перезвоните позже.',
    refused: 'Соединить вас не получится.',
    unknown: 'Для этого звонка нет заказа.',
    failed: 'Сейчас соединить не получается. Пожалуйста, перезвоните позже.',
    alone: 'Этот абонент вас больше не потревожит.',
  },
};
const REFUSED = { 'unknown-caller': 'unknown', 'intercept-silent': 'failed', 'too-many-attempts': 'failed' };
/** Reasons why a call is not made for which its session was good when it was asked for: it ended, changed, or had its last call. */
const TOO_LATE = ['unknown-caller', 'one-way', 'calls-used-up', 'blocked', 'too-many-attempts'];
/** Calls that hear us before they are answered. */
const early = new Set();
const LEAVE_ALONE = VoxEngine.customData().trim();
const KEY_SECONDS = 7;
/** A caller who was not answered is given up after a minute (scenario.unansweredSeconds), which one callee may ring for. */
const PATIENCE_MS = 5_000;

VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.addEventListener(CallEvents.Failed, VoxEngine.terminate);
  try {
    await carryOut(call, await decide(call));
  } catch (error) {
    Logger.write(`masking: ${error.message}`);
    await end(call, { language: 'en' }, 'failed', 503);
  }
});

/** Asks until it is clear who is meant. What the caller cannot say is decided without them. */
async function decide(call) {
  let decision = await Masking.resolve(call);
  // All that the caller has said so far: who chose nothing and is asked for digits then is not asked to choose again.
  const said = {};
  const asked = { choose: 0, 'ask-extension': 0 };
  while (decision.kind === 'choose' || decision.kind === 'ask-extension') {
    const tries = asked[decision.kind]++;
    const words = wordsOf(decision);
    const again = tries > 0 ? `${words.again} ` : '';
    if (decision.kind === 'choose') {
      const { options } = decision;
      const menu = options.map(({ label }, index) => words.option(label, index + 1)).join(' ');
      const key = await ask(call, decision, again + menu, 1);
      const chosen = options[Number(key) - 1]?.sessionId ?? '';
      if (chosen === '' && tries < 2) continue;
      said.chosen = chosen;
    } else {
      said.extension = tries < decision.tries ? await ask(call, decision, again + words.extension, 12) : '';
    }
    decision = await Masking.resolve(call, said);
  }
  return decision;
}

async function carryOut(call, decision) {
  switch (decision.kind) {
    case 'connect':
      return connect(call, decision);
    case 'operator':
      await speak(call, decision.announcement, decision);
      return join(call, VoxEngine.callUser({ username: decision.user, callerid: call.number() }), decision);
    case 'call-back':
      await Masking.promise(call);
      await speak(call, decision.announcement, decision);
      return over(call, 480);
    case 'play':
      await speak(call, decision.announcement, decision);
      return over(call, 404);
    default:
      return end(call, decision, REFUSED[decision.reason] ?? 'refused', decision.status);
  }
}

/** A group is called one after the other, until somebody answers or the caller has had enough. */
async function connect(call, decision) {
  await speak(call, decision.greeting, decision);
  const began = Date.now();
  let code = 404;
  let reason = '';
  for (const [callee, { announcement }] of decision.callees.entries()) {
    if (call.state() === 'TERMINATED') return;
    if (callee > 0 && Date.now() - began > PATIENCE_MS) await answer(call);
    ({ code, reason } = await join(call, Masking.call(decision, { callee }), decision, announcement));
    if (code === 0) return;
  }
  if (reason === 'unknown-caller') {
    // The order has ended meanwhile: what is said then is the policy's word. Another order is not called in its place.
    const instead = await Masking.resolve(call, { chosen: decision.sessionId });
    if (instead.kind !== 'connect') return carryOut(call, instead);
  }
  if (TOO_LATE.includes(reason)) return end(call, decision, REFUSED[reason] ?? 'refused', code);
  const busy = code === 486 || code === 600;
  const silent = [408, 480, 487, 603].includes(code);
  await end(call, decision, busy ? 'busy' : silent ? 'silent' : 'failed', code);
}

/** Resolves with code 0 when the two have talked, else with the status of the one who did not answer, and why. */
function join(call, other, decision, announcement = null) {
  return new Promise((resolve) => {
    call.addEventListener(CallEvents.Disconnected, () => other.hangup());
    call.addEventListener(CallEvents.Failed, () => other.hangup());
    other.addEventListener(CallEvents.Ringing, () => ring(call, decision));
    other.addEventListener(CallEvents.Failed, ({ code, reason }) => resolve({ code, reason }));
    other.addEventListener(CallEvents.Disconnected, () => {
      call.hangup();
      resolve({ code: 0, reason: '' });
    });
    other.addEventListener(CallEvents.Connected, async () => {
      await speak(other, announcement, decision);
      await answer(call);
      if (other.state() === 'TERMINATED') return;
      call.stopPlayback();
      VoxEngine.sendMediaBetween(call, other);
      const { record, transcribe, language } = decision;
      if (record) call.record({ stereo: true, transcribe, language });
      if (LEAVE_ALONE !== '') listenFor(LEAVE_ALONE, call, other, decision);
    });
  });
}

/** Whoever was called presses the keys: the caller does not reach them again. */
function listenFor(keys, call, other, decision) {
  let pressed = '';
  other.handleTones(true);
  other.addEventListener(CallEvents.ToneReceived, async ({ tone }) => {
    pressed = (pressed + tone).slice(-keys.length);
    if (pressed !== keys) return;
    await Masking.leaveAlone(other);
    VoxEngine.stopMediaBetween(call, other);
    await speak(other, { kind: 'say', text: wordsOf(decision).alone }, decision);
    other.hangup();
  });
}

/** Says why nobody comes, also to a caller who was not answered (as early media, which costs nobody), and ends the call. */
async function end(call, decision, why, code) {
  await speak(call, { kind: 'say', text: wordsOf(decision)[why] }, decision);
  over(call, code);
}

function over(call, code) {
  if (call.state() === 'ALERTING') call.reject(code);
  else call.hangup();
}

/** A caller whose phone makes the tone by itself is told by 180; whoever hears us already hears it from us. */
function ring(call, { language }) {
  if (call.state() === 'ALERTING' && !early.has(call)) call.ring();
  else call.playProgressTone(language.slice(3));
}

/** @returns {Promise<void>} */
function answer(call) {
  return new Promise((resolve) => {
    if (call.state() !== 'ALERTING') return resolve();
    call.addEventListener(CallEvents.Connected, () => resolve());
    call.answer();
  });
}

/**
 * Resolves when all of it was heard, or nobody listens any more.
 * @returns {Promise<void>}
 */
function speak(call, announcement, { language }) {
  return new Promise((resolve) => {
    if (announcement === null || call.state() === 'TERMINATED') return resolve();
    for (const event of [CallEvents.PlaybackFinished, CallEvents.Disconnected, CallEvents.Failed])
      call.addEventListener(event, () => resolve());
    if (call.state() === 'ALERTING') {
      early.add(call);
      call.startEarlyMedia();
    }
    if (announcement.kind === 'play') call.startPlayback(announcement.url);
    else call.say(announcement.text, { language: announcement.language ?? language });
  });
}

/** Up to so many digits, or those before a hash; none when the caller presses nothing. Keys need an answered call. */
async function ask(call, decision, text, most) {
  await answer(call);
  call.handleTones(true);
  return new Promise((resolve) => {
    let digits = '';
    let timer;
    const done = () => {
      clearTimeout(timer);
      call.removeEventListener(CallEvents.ToneReceived, onTone);
      resolve(digits);
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(done, KEY_SECONDS * 1000);
    };
    const onTone = ({ tone }) => {
      call.stopPlayback();
      if (/\d/.test(tone)) digits += tone;
      if (tone === '#' || digits.length >= most) done();
      else wait();
    };
    call.addEventListener(CallEvents.ToneReceived, onTone);
    speak(call, { kind: 'say', text }, decision).then(() => {
      if (digits === '') wait();
    });
  });
}

function wordsOf({ language }) {
  return WORDS[language.slice(0, 2)] ?? WORDS.en;
}
